import { join } from "node:path"
import { Presets, SingleBar } from "cli-progress"
import pc from "picocolors"
import { AgentOSError } from "#actors/errors.js"
import { backupStore } from "#actors/persistence/backup.js"
import type { StoreProgress } from "#actors/persistence/store-progress.js"
import { LevelStore } from "#actors/persistence/level-store.js"
import { shown } from "#actors/persistence/old-names.js"
import { repairStore } from "#actors/persistence/repair.js"
import { checkStore, verifyFolder, type Damage } from "#actors/persistence/verify.js"
import { levelItems } from "#cluster/level-items.js"
import { moveStore } from "#cluster/move-store.js"
import { shardOf } from "#cluster/placement.js"
import { postgresItems } from "#cluster/postgres-items.js"
import type { MovableStore } from "#cluster/stored-item.js"
import { postgresSettings, storeUrl } from "../store.js"
import { loadConfig, type GlobalOptions } from "./settings.js"

/** `llmagentos store verify`: reads every record; ends with 1 when one is damaged. */
export async function verifyCommand(options: GlobalOptions): Promise<void> {
  const folder = await folderOf(options)
  const { records, damages } = await withBar("verified", (progress) => verifyFolder(folder, { progress }))
  show(damages)
  console.log(`${folder}: ${records} records, ${damages.length === 0 ? "all whole" : `${damages.length} damages`}`)
  if (damages.length > 0) process.exitCode = 1
}

/** `llmagentos store backup <folder>`: copies the store, ready to be used as `<data>/store`. */
export async function backupCommand(to: string, options: GlobalOptions): Promise<void> {
  const folder = await folderOf(options)
  await checkStore(folder)
  const store = await LevelStore.open(folder)
  try {
    const records = await withBar("copied", (progress) => backupStore(store, to, { progress }))
    console.log(`${folder}: ${records} records copied to ${to}`)
  } finally {
    await store.close()
  }
}

/** `llmagentos store repair`: sets damaged records aside; ends with 1 when something is still wrong. */
export async function repairCommand(options: GlobalOptions & { readonly cutTails?: boolean }): Promise<void> {
  const folder = await folderOf(options)
  const { reopened, lost, setAside, moved, left } = await withBar("verified", (progress) =>
    repairStore(folder, { cutTails: options.cutTails === true, progress, shardOf }),
  )
  if (reopened) console.log("the database did not open; it was repaired from what could be read of its files")
  show(lost)
  if (lost.length > 0) console.log("the store goes on without that; what acted on it elsewhere does not know")
  for (const name of setAside) console.log(pc.yellow(`set aside: ${name}`))
  if (setAside.length + lost.length > 0)
    console.log(pc.dim(`they are in ${folder}.quarantine.jsonl; whole files in ${folder}.quarantine`))
  for (const { from, to } of moved)
    console.log(pc.yellow(`moved, for its name is no longer allowed: ${shown(from)} is ${shown(to)} now`))
  show(left)
  if (left.some(({ kind }) => kind === "missing-events" || kind === "record") && options.cutTails !== true)
    console.log("actors that lost events stay refused; --cut-tails lets them go on with the state before the loss")
  console.log(`${folder}: ${left.length === 0 ? "all whole" : `${left.length} damages are left`}`)
  if (left.length > 0) process.exitCode = 1
}

/** `llmagentos store move <to>`: copies everything, reads it back and compares; the source stays as it is. */
export async function moveCommand(to: string, options: GlobalOptions & { readonly from?: string }): Promise<void> {
  const [source, target] = [storeAt(options.from ?? (await placeOf(options))), storeAt(to)]
  const items = await withBar("moved and compared", (progress) => moveStore(source, target, { progress }))
  console.log(`${source.location}: ${items} records moved to ${target.location}, read back and found the same`)
}

/** @param place a folder, or the URL of a database with the schema as a parameter of its own */
const storeAt = (place: string): MovableStore =>
  /^postgres(ql)?:/.test(place) ? postgresItems(postgresSettings(place)) : levelItems(place)

function show(damages: readonly Damage[]): void {
  for (const { message } of damages) console.log(pc.red(message))
}

/** The folder of the store, or its URL. */
async function placeOf(options: GlobalOptions): Promise<string> {
  const config = await loadConfig(options)
  const url = storeUrl(config, process.env)
  if (url === undefined && config.data === "memory")
    throw new AgentOSError("STORE_REFUSED", "data is kept in memory: there is no store on the disk")
  return url ?? join(config.data, "store")
}

async function folderOf(options: GlobalOptions): Promise<string> {
  const place = await placeOf(options)
  if (/^postgres(ql)?:/.test(place))
    throw new AgentOSError(
      "STORE_REFUSED",
      "the store is in PostgreSQL, which verifies and copies with its own tools (pg_amcheck, pg_dump); `store move` takes it into a folder",
    )
  return place
}

/** Work with a progress bar, where there is somebody to see it. */
async function withBar<T>(what: string, work: (progress: StoreProgress) => Promise<T>): Promise<T> {
  const bar = new SingleBar(
    { format: `{bar} {percentage}% {value}/{total} records ${what}`, clearOnComplete: true },
    Presets.shades_classic,
  )
  let begun = false
  try {
    return await work((done, total) => {
      if (process.stdout.isTTY !== true) return
      if (!begun) bar.start(total, 0)
      begun = true
      bar.setTotal(total)
      bar.update(done)
    })
  } finally {
    if (begun) bar.stop()
  }
}
