"""Writes the checkpoint and logits of this folder: Hugging Face Transformers 5, PyTorch, float32, random weights. Run: python write.py FOLDER"""
import json
import sys

import torch
from transformers import LlamaConfig, LlamaForCausalLM
torch.manual_seed(0)
out = sys.argv[1]
# Two query heads to a key-value head, and a head of its own.
config = LlamaConfig(vocab_size=40, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=32, rms_norm_eps=1e-5, tie_word_embeddings=False, bos_token_id=1, eos_token_id=0, rope_parameters={"rope_type": "default", "rope_theta": 500.0})
model = LlamaForCausalLM(config).eval()
with torch.no_grad():
    for name, p in model.named_parameters():
        p.copy_(1 + 0.3 * torch.randn_like(p) if "norm" in name else 0.25 * torch.randn_like(p))
model.save_pretrained(out)
ids = torch.tensor([[1, 7, 33, 12, 12, 5, 39, 2, 18, 25, 7, 33]])
with torch.no_grad(): logits = model(ids).logits[0]
json.dump({"ids": ids[0].tolist(), "logits": [[round(x, 6) for x in row] for row in logits.tolist()]}, open(f"{out}/logits.json", "w"))
