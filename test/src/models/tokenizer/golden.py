"""Writes golden.jsonl anew, after another tokenizer was shipped: `python golden.py`, with Hugging Face's `tokenizers` installed."""

import json
from pathlib import Path

from tokenizers import Tokenizer

here = Path(__file__).parent
tokenizer = Tokenizer.from_file(str(here / "../../../../src/models/embedded/scribe/tokenizer.json"))
golden = here / "golden.jsonl"
texts = [json.loads(line)["text"] for line in golden.read_text().splitlines()]
with golden.open("w") as file:
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        file.write(json.dumps({"text": text, "ids": ids}, separators=(",", ":")) + "\n")
