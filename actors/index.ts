/** The actor runtime: one process, any actor. */
export { defineActor } from "./actor.js"
export type {
  ActorContext,
  ActorDefinition,
  ActorSpec,
  EndReason,
  MailboxOptions,
  RefOf,
  RunOptions,
  Sender,
  SpawnOptions,
  Task,
} from "./actor.js"
export { formatAddress, parseAddress } from "./address.js"
export type { ActorAddress, Address, EntityAddress } from "./address.js"
export type { Cause, SendOptions } from "./cause.js"
export type { MessageSchema } from "./compiled.js"
export { systemClock, systemRandom } from "./clock.js"
export type { Clock, Random } from "./clock.js"
export { actorErrors, AgentOSError, defineErrors, errorCodes } from "./errors.js"
export type { CodeSpec } from "./errors.js"
export type { Overflow } from "./mailbox.js"
export type { DefinitionMeter, Histogram } from "./meter.js"
export type {
  AppendOptions,
  Journal,
  NewEvent,
  OrderedEvent,
  PersistenceId,
  Snapshot,
  StoredEvent,
} from "./persistence/journal.js"
export { backupStore } from "./persistence/backup.js"
export type { StoreProgress } from "./persistence/store-progress.js"
export { levelJournal } from "./persistence/level-journal.js"
export { LevelStore } from "./persistence/level-store.js"
export { memoryJournal } from "./persistence/memory-journal.js"
export { openLevelJournal } from "./persistence/open-level-journal.js"
export { resumeDeliveries } from "./persistence/deliveries.js"
export { delivery } from "./persistence/outbox.js"
export type { Delivery } from "./persistence/outbox.js"
export { definePersistentActor } from "./persistence/persistent-actor.js"
export type { PersistentContext, PersistentSpec, Retention, StoresEvents } from "./persistence/persistent-actor.js"
export { defineProjection, forgetProjection, startProjection } from "./persistence/projection.js"
export type { Applies, EventMeta, Projection, ProjectionHandle, ProjectionSpec } from "./persistence/projection.js"
export { startReminders } from "./persistence/reminders.js"
export type { Reminder, Reminders, Schedule } from "./persistence/reminders.js"
export type { MovedActor, ShardOf } from "./persistence/old-names.js"
export { repairStore } from "./persistence/repair.js"
export type { RepairOptions, RepairReport } from "./persistence/repair.js"
export { verifyFolder, verifyStore } from "./persistence/verify.js"
export type { Damage, VerifyReport } from "./persistence/verify.js"
export type { Transport } from "./ports.js"
export type { ActorRef, AnyRef, Deferred, Ref } from "./ref.js"
export type { Backoff, ChildKind, Exit, Strategy, Supervision } from "./supervision.js"
export { createActorSystem } from "./system.js"
export type { ActorSystem } from "./system.js"
export type { ActorSystemOptions, EntityOptions } from "./system-options.js"
export { formatTree } from "./telemetry.js"
export type { ActorNode, DeadLetter, Logger, SystemStatistics, Telemetry } from "./telemetry.js"
export { circuitBreaker } from "./circuit-breaker.js"
export type { BreakerActorRef, BreakerLimits, BreakerOptions } from "./circuit-breaker.js"
export { spawnPool, workPool } from "./pool.js"
export type { Pool, PoolOptions, WorkPoolOptions, WorkPoolRefOf } from "./pool.js"
export { rateLimit } from "./rate-limit.js"
export type { Rate, RateLimitOptions } from "./rate-limit.js"
export { router } from "./router.js"
export type { Broadcast, HashRouting, Router, RouterOptions, Routing } from "./router.js"
export { openStream, readStream } from "./streams.js"
export type { Page, ReadOptions, StreamOptions, StreamProtocol, StreamRef } from "./streams.js"
export { defineTopic, subscribe } from "./topics.js"
export type { MessagesWith, Subscription, TopicProtocol, TopicStatistics } from "./topics.js"
export type { WorkerOptions } from "./workers/workers.js"
