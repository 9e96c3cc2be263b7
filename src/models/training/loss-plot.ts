import { scaleLinear, scaleLog } from "d3-scale"
import { line } from "d3-shape"

export interface LossPoint {
  readonly tokens: number
  readonly loss: number
}

/** Loss over tokens as an SVG picture, loss on a logarithmic axis. */
export function plotLoss(points: readonly LossPoint[], title: string): string {
  const [width, height, left, right, top, bottom] = [760, 380, 64, 20, 40, 48]
  const losses = points.map(({ loss }) => loss)
  const x = scaleLinear([0, Math.max(1, ...points.map(({ tokens }) => tokens))], [left, width - right])
  const y = scaleLog([Math.max(1e-3, Math.min(...losses)), Math.max(1, ...losses)], [height - bottom, top]).nice()
  const path = line<LossPoint>(
    ({ tokens }) => x(tokens),
    ({ loss }) => y(Math.max(1e-3, loss)),
  )(points)
  const label = (text: string, px: number, py: number, anchor = "middle"): string =>
    `<text x="${px.toFixed(1)}" y="${py.toFixed(1)}" text-anchor="${anchor}">${text}</text>`
  const grid = [
    ...x
      .ticks(6)
      .map(
        (tick) =>
          `<path d="M${x(tick).toFixed(1)} ${top}V${height - bottom}" class="grid"/>${label(`${tick / 1e6} M`, x(tick), height - bottom + 18)}`,
      ),
    ...y
      .ticks(5)
      .map(
        (tick) =>
          `<path d="M${left} ${y(tick).toFixed(1)}H${width - right}" class="grid"/>${label(String(tick), left - 8, y(tick) + 4, "end")}`,
      ),
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">`,
    "<style>text{font:12px system-ui,sans-serif;fill:#444}.grid{stroke:#ddd;fill:none}.curve{stroke:#2563eb;stroke-width:1.5;fill:none}</style>",
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...grid,
    `<path d="${path ?? ""}" class="curve"/>`,
    label(title, width / 2, 22),
    label("tokens", width / 2, height - 10),
    "</svg>",
    "",
  ].join("\n")
}
