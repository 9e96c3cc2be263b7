/** A cluster and its moves as a person reads them: columns of text. Pure. */
import pc from "picocolors"
import { printable } from "./printable.js"
import type { ClusterView, MemberView, RebalanceView } from "../gateway/backend.js"

/** The state of the whole in one line, then a line for each member. */
export function clusterTable(cluster: ClusterView): string {
  const { name, node, shards, unowned, moving, registry, ready, waitingFor } = cluster
  const facts = [
    `${shards} shards`,
    ...(unowned === 0 ? [] : [pc.red(`${unowned} without an owner`)]),
    ...(moving === 0 ? [] : [pc.yellow(`${moving} on the move`)]),
    registry ? "the registry answers" : pc.red("the registry does not answer"),
    ready ? `${node} is ready` : pc.yellow(`${node} is not ready yet`),
    ...waitingFor.map((reason) => pc.yellow(printable(reason))),
  ]
  const members = [...cluster.members].sort((a, b) => (a.name < b.name ? -1 : 1))
  const rows = members.map((member) =>
    [
      member.name,
      member.status,
      String(member.shards),
      member.queued === undefined ? "-" : String(member.queued),
      String(member.capacity),
      member.roles.join(", ") || "-",
      member.address,
    ].map(printable),
  )
  const paint = (row: number, column: number, text: string): string =>
    column === 1 ? (colors[members[row]?.status ?? "up"] ?? String)(text) : column === 0 ? pc.bold(text) : text
  const heads = ["member", "state", "shards", "load", "capacity", "roles", "address"]
  return `${pc.bold(name)} as ${node} sees it: ${facts.join(", ")}\n${columns(heads, rows, [2, 3, 4], paint)}`
}

const colors: Readonly<Record<MemberView["status"], (text: string) => string>> = {
  up: pc.green,
  joining: pc.cyan,
  leaving: pc.yellow,
  unreachable: pc.red,
  down: pc.red,
}

/** Shares before and after, and what has to move for it. */
export function planTable({ dryRun, shares, now, later, away, minutes }: RebalanceView): string {
  const moves = [...now, ...later]
  const rows = shares.map(({ node, before, after }) => {
    const [gets, gives] = [moves.filter(({ to }) => to === node), moves.filter(({ from }) => from === node)]
    return [node, String(before), String(after), String(gets.length), String(gives.length)]
  })
  const table = columns(["member", "before", "after", "gets", "gives"], rows, [1, 2, 3, 4])
  if (moves.length === 0) return `${table}\n${stays(away)}every other shard is where it should be`
  const verb = dryRun ? "would move" : "move"
  const time = `the last of them within ${Math.max(1, minutes)} min`
  const why = (["new", "orphan", "leaving", "level"] as const)
    .map((reason) => ({ reason, count: moves.filter((move) => move.why === reason).length }))
    .filter(({ count }) => count > 0)
    .map(({ reason, count }) => `${count} ${reasons[reason]}`)
  return `${table}\n${stays(away)}${moves.length} shards ${verb}: ${why.join(", ")}; ${now.length} now, ${time}`
}

const reasons = {
  new: "without state yet",
  orphan: "without an owner",
  leaving: "of nodes that leave",
  level: "to level",
} as const

const stays = (away: readonly number[]): string =>
  away.length === 0 ? "" : pc.red(`${away.length} shards stay on nodes that are away: their state is only there\n`)

/** @param right columns of numbers */
function columns(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
  paint = (_row: number, _column: number, text: string): string => text,
): string {
  const width = (column: number): number => Math.max(...[heads, ...rows].map((row) => (row[column] ?? "").length))
  const line = (cells: readonly string[], painted: (column: number, text: string) => string): string =>
    cells
      .map((cell, column) => {
        const text = right.includes(column) ? cell.padStart(width(column)) : cell.padEnd(width(column))
        return painted(column, column === cells.length - 1 ? text.trimEnd() : text)
      })
      .join("  ")
  return [
    line(heads, (_, text) => pc.dim(text)),
    ...rows.map((cells, row) => line(cells, (column, text) => paint(row, column, text))),
  ].join("\n")
}
