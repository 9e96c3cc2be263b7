/**
 * A YAML text of anybody as a value, with the place of everything in it.
 *
 * Invariants
 *   Y1. The cost is bounded, whatever the text: its length, its depth, and how much its aliases stand for have limits.
 *   Y2. Every fault is told with its line and column, and nothing is thrown.
 *   Y3. The value is a tree: an alias within what it stands for is a fault.
 */
import { isAlias, isMap, isNode, isPair, isScalar, isSeq, Lexer, LineCounter, parseDocument, type Node } from "yaml"

export interface YamlPlace {
  readonly line: number
  readonly column: number
}

export interface YamlFault extends YamlPlace {
  readonly message: string
}

export interface Yaml {
  /** Nothing, when there are faults. */
  readonly value: unknown
  readonly faults: readonly YamlFault[]
  /** Where the deepest part of a path begins that is there. */
  place(path: readonly PropertyKey[]): YamlPlace
}

/** Longest text, in characters. */
const lengthLimit = 250_000
/** Deepest nesting, on one line; and the widest indentation of a line. */
const [depthLimit, indentLimit] = [100, 200]
/** Parts of the value when what an alias stands for counts each time. */
const partsLimit = 100_000
/** Faults that are told. */
const faultLimit = 20

export function readYaml(text: string): Yaml {
  const lines = new LineCounter()
  const place = (offset: number): YamlPlace => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const refused = (faults: readonly { readonly offset: number; readonly message: string }[]): Yaml => ({
    value: undefined,
    faults: faults.slice(0, faultLimit).map(({ offset, message }) => ({ ...place(offset), message })),
    place: () => place(0),
  })
  if (text.length > lengthLimit)
    return refused([{ offset: 0, message: `it has ${text.length} characters; at most ${lengthLimit} are read` }])
  const deep = tooDeep(text, lines)
  if (deep !== undefined) return refused([{ offset: deep, message: `it is nested deeper than ${depthLimit} levels` }])
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, stringKeys: true, prettyErrors: false })
  if (document.errors.length > 0)
    return refused(document.errors.map(({ pos, message }) => ({ offset: pos[0], message })))
  const fault = faultOf(document.contents)
  if (fault !== undefined) return refused([fault])
  return {
    value: document.toJS({ maxAliasCount: -1 }), // counted above
    faults: [],
    place: (path) => place(offsetOf(document.contents, path)),
  }
}

/** Where a text is nested too deeply for functions that call themselves (Y1). Counts the lines up to there. */
function tooDeep(text: string, lines: LineCounter): number | undefined {
  let [offset, flow, block] = [0, 0, 0]
  let lineBegins = true
  const counted = new LineCounter()
  counted.addNewLine(0)
  for (const token of new Lexer().lex(text)) {
    if (token === "\u0002" || token === "\u0018" || token === "\u001f") continue // marks of the lexer
    if (token === "[" || token === "{") flow += 1
    else if (token === "]" || token === "}") flow -= 1
    else if (token === "-" || token === "?") block += 1
    const indented = lineBegins && flow === 0 && token.length > indentLimit && /^ +$/.test(token)
    if (indented || flow + block > depthLimit) {
      for (const start of counted.lineStarts) lines.addNewLine(start)
      return offset
    }
    offset += token.length
    lineBegins = token.endsWith("\n")
    if (lineBegins) {
      block = 0
      counted.addNewLine(offset)
    }
  }
  return undefined
}

/** The first key given twice, and alias that stands for nothing, for something around it, or for too much (Y1, Y3). */
function faultOf(root: Node | null): { readonly offset: number; readonly message: string } | undefined {
  const anchors = new Map<string, Node>()
  const sizes = new Map<Node, number>()
  let fault: { readonly offset: number; readonly message: string } | undefined
  const visit = (node: unknown): number => {
    if (fault !== undefined) return 0
    if (isPair(node)) return visit(node.key) + visit(node.value)
    if (!isNode(node)) return 0
    const refuse = (message: string): number => {
      fault ??= { offset: node.range?.[0] ?? 0, message }
      return 0
    }
    if (isAlias(node)) {
      const target = anchors.get(node.source)
      if (target === undefined) return refuse(`unknown alias *${node.source}; set the anchor &${node.source} before it`)
      return sizes.get(target) ?? refuse(`the alias *${node.source} stands within what it stands for`)
    }
    if (node.anchor !== undefined) anchors.set(node.anchor, node)
    let size = 1
    const keys = new Set<string>()
    if (isMap(node) || isSeq(node))
      for (const item of node.items) {
        size += visit(item)
        const key = isPair(item) && isScalar(item.key) ? String(item.key.value) : undefined
        if (key !== undefined && keys.has(key))
          fault ??= {
            offset: (item as { key: Node }).key.range?.[0] ?? 0,
            message: `keys are unique; ${key} was given`,
          }
        if (key !== undefined) keys.add(key)
      }
    if (size > partsLimit) return refuse(`with its aliases it has more than ${partsLimit} parts`)
    sizes.set(node, size)
    return size
  }
  visit(root)
  return fault
}

function offsetOf(root: Node | null, path: readonly PropertyKey[]): number {
  let node: unknown = root
  let offset = root?.range?.[0] ?? 0
  for (const key of path) {
    const next: unknown = isMap(node)
      ? node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key))
      : isSeq(node)
        ? node.items[Number(key)]
        : undefined
    if (next === undefined) break
    const found = isPair(next) ? (next.key as Node) : (next as Node)
    offset = found.range?.[0] ?? offset
    node = isPair(next) ? next.value : next
  }
  return offset
}
