/** PDFs for tests, and those that harm. */
import { deflateSync } from "node:zlib"

/** The smallest PDF with a page for each drawing; what is given for a page is its stream, with the stream's dictionary. */
export function pdfOf(pages: readonly { readonly dictionary?: string; readonly stream: Uint8Array }[]): Uint8Array {
  const numbers = pages.map((_, i) => 4 + 2 * i)
  const objects: Uint8Array[] = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    `<< /Type /Pages /Kids [${numbers.map((page) => `${page} 0 R`).join(" ")}] /Count ${pages.length} >>`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
  ].map((text) => Buffer.from(text))
  for (const [i, { dictionary = "", stream }] of pages.entries())
    objects.push(
      Buffer.from(
        `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 200] /Contents ${5 + 2 * i} 0 R /Resources << /Font << /F1 3 0 R >> >> >>`,
      ),
      Buffer.concat([
        Buffer.from(`<< /Length ${stream.length} ${dictionary} >>\nstream\n`),
        stream,
        Buffer.from("\nendstream"),
      ]),
    )
  const parts: Uint8Array[] = [Buffer.from("%PDF-1.4\n")]
  let length = 9
  const places = objects.map((object, i) => {
    const whole = Buffer.concat([Buffer.from(`${i + 1} 0 obj\n`), object, Buffer.from("\nendobj\n")])
    parts.push(whole)
    length += whole.length
    return length - whole.length
  })
  const table = places.map((place) => `${String(place).padStart(10, "0")} 00000 n \n`).join("")
  const count = objects.length + 1
  parts.push(
    Buffer.from(
      `xref\n0 ${count}\n0000000000 65535 f \n${table}trailer\n<< /Size ${count} /Root 1 0 R >>\nstartxref\n${length}\n%%EOF\n`,
    ),
  )
  return new Uint8Array(Buffer.concat(parts))
}

/** A line of text on each page. */
export const pdfOfLines = (lines: readonly string[]): Uint8Array =>
  pdfOf(lines.map((line) => ({ stream: Buffer.from(`BT /F1 12 Tf 20 100 Td (${line}) Tj ET`) })))

/** A page that is compressed, once or more often. */
export const pdfCompressed = (drawing: Uint8Array, times = 1): Uint8Array => {
  let stream = drawing
  for (let n = 0; n < times; n++) stream = deflateSync(stream, { level: 9 })
  return pdfOf([{ dictionary: `/Filter [${"/FlateDecode ".repeat(times)}]`, stream }])
}
