/**
 * The tables of a store in PostgreSQL, and the function that appends.
 *
 * Names stand in the tables as text without zero bytes, which PostgreSQL has none of (`escaped` in keys.ts), compared byte by byte. Events are the bytes of
 * record.ts, the same as in LevelDB, checksum and all; other values are those of checked-value.ts.
 *
 * Invariants
 *   T1. One transaction makes the schema or brings it up to date, alone; what is released is never changed, only added to (`migrations`). A schema of a newer
 *       release is refused.
 *   T2. A group of appends is one call of `append_events`, one transaction. Whether each append is good is looked at in the `UPDATE` that takes its head, so
 *       nobody comes between; a refused one changes nothing and harms no other of its group.
 *   T3. A fence is raised only while no append under it is on its way: appends hold its advisory lock shared, `claim_fence` alone. So when a claim has
 *       returned, no append with an epoch from before is ever accepted.
 *   T4. The ordinals of a type are counted in one row, which an append locks until it is committed. So ordinals become visible in their order: whoever sees
 *       one sees all lower ones, since they were committed before it was given.
 *   T5. An append holds the advisory lock of its type shared; who makes a type ordered holds it alone. So no event slips by without an ordinal. An append
 *       that comes meanwhile is not taken and is to come again, so that those to other types do not wait with it.
 */
import { AgentOSError } from "#actors/errors.js"
import { quoted } from "./postgres-client.js"
import { isContended } from "./postgres-errors.js"
import type { SqlClient } from "./sql-client.js"

/** Makes the schema, or brings it up to date (T1). @throws `STORE_FAILED` when a newer release made it */
export async function prepareSchema(client: SqlClient, schema: string, where: string): Promise<void> {
  for (;;) {
    try {
      await client.query("BEGIN")
      await client.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`llmagentos/schema/${schema}`])
      const { rows } = await client.query<{ readonly made: boolean }>("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS made", [schema]) // prettier-ignore
      if (rows[0]?.made !== true) await client.query(`CREATE SCHEMA ${quoted(schema)}`)
      await client.query("CREATE TABLE IF NOT EXISTS version (number int NOT NULL)")
      const found = await client.query<{ readonly number: number }>("SELECT coalesce(max(number), 0) AS number FROM version") // prettier-ignore
      const version = found.rows[0]?.number ?? 0
      if (version > migrations.length)
        throw new AgentOSError(
          "STORE_FAILED",
          `PostgreSQL (${where}): schema ${schema} has version ${version}; this release knows ${migrations.length}. Was it made by a newer release?`,
        )
      for (const [i, migration] of migrations.entries()) {
        if (i < version) continue
        await client.query(migration)
        await client.query("INSERT INTO version VALUES ($1)", [i + 1])
      }
      await client.query("COMMIT")
      return
    } catch (error) {
      await client.query("ROLLBACK").catch(() => undefined)
      if (!isContended(error)) throw error
    }
  }
}

/** What one call of `append_events` tells. */
export interface AppendVerdict {
  /** Number of the append from 1, and what stands against it; or its type is being given an order, and it has to wait. */
  readonly refused:
    readonly (readonly [number: number, sequence: number, epoch: number, fence: number, waits: boolean])[] | null
  /** Types that are ordered and have new events, with their last ordinals. */
  readonly ordered: readonly (readonly [tenant: string, type: string, last: number])[] | null
}

export const appendEvents =
  "SELECT refused, ordered FROM append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)" // prettier-ignore

/** The key of a type's advisory lock (T5); the names are expressions in SQL. */
export const typeLock = (tenant: string, type: string): string =>
  `hashtextextended(current_schema() || '/type/' || ${tenant} || E'\\x01' || ${type}, 0)`
/** The key of a fence's advisory lock (T3). */
const fenceLock = (name: string): string => `hashtextextended(current_schema() || '/fence/' || ${name}, 0)`
/** The key of the advisory lock that everybody who uses the store holds shared. */
export const useLock = "hashtextextended(current_schema() || '/use', 0)"

const migrations: readonly string[] = [
  `
  CREATE TABLE head (
    tenant text COLLATE "C" NOT NULL, type text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL, epoch bigint NOT NULL, trimmed bigint NOT NULL,
    PRIMARY KEY (tenant, type, key)
  ) WITH (fillfactor = 50);

  CREATE TABLE event (
    tenant text COLLATE "C" NOT NULL, type text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, sequence bigint NOT NULL,
    ordinal bigint, record bytea NOT NULL,
    PRIMARY KEY (tenant, type, key, sequence)
  );
  CREATE UNIQUE INDEX event_ordinal ON event (tenant, type, ordinal) WHERE ordinal IS NOT NULL;

  CREATE TABLE ordered_type (
    tenant text COLLATE "C" NOT NULL, type text COLLATE "C" NOT NULL, last bigint NOT NULL,
    PRIMARY KEY (tenant, type)
  ) WITH (fillfactor = 10);

  CREATE TABLE snapshot (
    tenant text COLLATE "C" NOT NULL, type text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL, value bytea NOT NULL,
    PRIMARY KEY (tenant, type, key)
  );

  CREATE TABLE command (
    tenant text COLLATE "C" NOT NULL, type text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL,
    wall_time bigint NOT NULL, reply bytea NOT NULL,
    PRIMARY KEY (tenant, type, key, id)
  );
  CREATE INDEX command_age ON command (tenant, type, key, wall_time);

  CREATE TABLE fence (name text COLLATE "C" PRIMARY KEY, epoch bigint NOT NULL);

  -- Rooms of a node's store that are no journal.
  CREATE TABLE record (key bytea PRIMARY KEY, value bytea NOT NULL);

  -- The first seven arrays have an element for each append, in order of tenant, type and key, none of which comes twice; the next six one for each event,
  -- after the number of its append; the last seven one for each answer of a command.
  CREATE FUNCTION append_events(
    tenants text[], types text[], keys text[], expected bigint[], counts bigint[], epochs bigint[], fences text[],
    e_number int[], e_tenant text[], e_type text[], e_key text[], e_sequence bigint[], e_record bytea[],
    c_number int[], c_tenant text[], c_type text[], c_key text[], c_id text[], c_wall_time bigint[], c_reply bytea[],
    OUT refused json, OUT ordered json
  ) LANGUAGE plpgsql AS $$
  DECLARE
    accepted int[];
    waits int[];
    grown record;
    before bigint;
  BEGIN
    -- A lock is taken in one statement and what it guards is read in the next, which sees all that was committed meanwhile.
    WITH locked AS MATERIALIZED (
      SELECT t.tenant, t.type, pg_try_advisory_xact_lock_shared(${typeLock("t.tenant", "t.type")}) AS free
      FROM unnest(tenants, types) AS t(tenant, type) GROUP BY t.tenant, t.type
    )
    SELECT coalesce(array_agg(i.number::int), '{}') INTO waits
      FROM unnest(tenants, types) WITH ORDINALITY AS i(tenant, type, number) JOIN locked l ON l.tenant = i.tenant AND l.type = i.type
      WHERE NOT l.free;
    PERFORM pg_advisory_xact_lock_shared(l.id) FROM (
      SELECT ${fenceLock("f.name")} AS id FROM unnest(fences) AS f(name) WHERE f.name <> '' GROUP BY f.name ORDER BY 1
    ) l;

    IF 0 = ANY (expected) THEN
      INSERT INTO head
        SELECT i.tenant, i.type, i.key, 0, 0, 0 FROM unnest(tenants, types, keys, expected) AS i(tenant, type, key, expected) WHERE i.expected = 0
        ON CONFLICT DO NOTHING;
    END IF;

    WITH taken AS (
      UPDATE head h SET sequence = i.expected + i.count, epoch = i.epoch
      FROM unnest(tenants, types, keys, expected, counts, epochs, fences) WITH ORDINALITY
        AS i(tenant, type, key, expected, count, epoch, fence, number)
      WHERE h.tenant = i.tenant AND h.type = i.type AND h.key = i.key AND h.sequence = i.expected AND h.epoch <= i.epoch
        AND NOT i.number = ANY (waits) AND NOT EXISTS (SELECT FROM fence f WHERE f.name = i.fence AND f.epoch > i.epoch)
      RETURNING i.number::int AS number
    )
    SELECT coalesce(array_agg(t.number), '{}') INTO accepted FROM taken t;

    INSERT INTO event
      SELECT e.tenant, e.type, e.key, e.sequence, NULL, e.record
      FROM unnest(e_number, e_tenant, e_type, e_key, e_sequence, e_record) AS e(number, tenant, type, key, sequence, record)
      WHERE e.number = ANY (accepted)
        AND NOT EXISTS (SELECT FROM ordered_type o WHERE o.tenant = e.tenant AND o.type = e.type);

    FOR grown IN
      SELECT o.tenant, o.type, count(*) AS events
      FROM unnest(e_number, e_tenant, e_type) AS e(number, tenant, type) JOIN ordered_type o ON o.tenant = e.tenant AND o.type = e.type
      WHERE e.number = ANY (accepted) GROUP BY o.tenant, o.type ORDER BY o.tenant, o.type
    LOOP
      UPDATE ordered_type o SET last = o.last + grown.events WHERE o.tenant = grown.tenant AND o.type = grown.type
        RETURNING o.last - grown.events INTO before;
      INSERT INTO event
        SELECT e.tenant, e.type, e.key, e.sequence, before + row_number() OVER (ORDER BY e.place), e.record
        FROM unnest(e_number, e_tenant, e_type, e_key, e_sequence, e_record) WITH ORDINALITY
          AS e(number, tenant, type, key, sequence, record, place)
        WHERE e.number = ANY (accepted) AND e.tenant = grown.tenant AND e.type = grown.type;
      ordered := (coalesce(ordered::jsonb, '[]') || jsonb_build_array(jsonb_build_array(grown.tenant, grown.type, before + grown.events)))::json;
    END LOOP;

    IF cardinality(c_number) > 0 THEN
      INSERT INTO command
        SELECT c.tenant, c.type, c.key, c.id, c.wall_time, c.reply
        FROM unnest(c_number, c_tenant, c_type, c_key, c_id, c_wall_time, c_reply) AS c(number, tenant, type, key, id, wall_time, reply)
        WHERE c.number = ANY (accepted)
        ON CONFLICT (tenant, type, key, id) DO UPDATE SET wall_time = excluded.wall_time, reply = excluded.reply;
    END IF;

    IF cardinality(accepted) < cardinality(tenants) THEN
      SELECT json_agg(json_build_array(i.number, coalesce(h.sequence, 0), coalesce(h.epoch, 0), coalesce(f.epoch, 0), i.number = ANY (waits))) INTO refused
      FROM unnest(tenants, types, keys, fences) WITH ORDINALITY AS i(tenant, type, key, fence, number)
        LEFT JOIN head h ON h.tenant = i.tenant AND h.type = i.type AND h.key = i.key
        LEFT JOIN fence f ON f.name = i.fence
      WHERE NOT i.number = ANY (accepted);
    END IF;
  END $$;

  CREATE FUNCTION claim_fence(fence_name text, seen bigint, OUT epoch bigint, OUT stands bigint) LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock(${fenceLock("fence_name")});
    INSERT INTO fence VALUES (fence_name, 0) ON CONFLICT DO NOTHING;
    UPDATE fence f SET epoch = f.epoch + 1 WHERE f.name = fence_name AND (seen IS NULL OR f.epoch = seen) RETURNING f.epoch INTO epoch;
    SELECT f.epoch INTO stands FROM fence f WHERE f.name = fence_name;
  END $$;
  `,
  // Fences know who holds them, so that whose answer to a claim was lost finds out whether it was carried out.
  `
  ALTER TABLE fence ADD COLUMN holder text COLLATE "C" NOT NULL DEFAULT '', ADD COLUMN released boolean NOT NULL DEFAULT false;

  CREATE OR REPLACE FUNCTION claim_fence(fence_name text, seen bigint, OUT epoch bigint, OUT stands bigint) LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock(${fenceLock("fence_name")});
    INSERT INTO fence VALUES (fence_name, 0) ON CONFLICT DO NOTHING;
    UPDATE fence f SET epoch = f.epoch + 1, holder = '', released = false
      WHERE f.name = fence_name AND (seen IS NULL OR f.epoch = seen) RETURNING f.epoch INTO epoch;
    SELECT f.epoch INTO stands FROM fence f WHERE f.name = fence_name;
  END $$;

  -- Claims many fences at once, each from the epoch that was seen, for a holder; no name comes twice. Locks are taken in the order in which appends take them.
  CREATE FUNCTION mint_fences(names text[], seen bigint[], minter text)
    RETURNS TABLE (name text, minted boolean, epoch bigint, holder text, released boolean) LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock(l.id) FROM (SELECT ${fenceLock("n.name")} AS id FROM unnest(names) AS n(name) ORDER BY 1) l;
    INSERT INTO fence SELECT n.name, 0 FROM unnest(names) AS n(name) ORDER BY n.name ON CONFLICT DO NOTHING;
    RETURN QUERY
      WITH taken AS (
        UPDATE fence f SET epoch = f.epoch + 1, holder = minter, released = false
        FROM unnest(names, seen) AS n(name, seen) WHERE f.name = n.name AND f.epoch = n.seen
        RETURNING f.name, f.epoch
      )
      SELECT f.name, t.name IS NOT NULL, coalesce(t.epoch, f.epoch), CASE WHEN t.name IS NULL THEN f.holder ELSE minter END, t.name IS NULL AND f.released
      FROM unnest(names) AS n(name) JOIN fence f ON f.name = n.name LEFT JOIN taken t ON t.name = n.name;
  END $$;
  `,
  `
  -- Rooms whose changes are told to other nodes: how many changes there were, and which records the latest of them touched.
  CREATE TABLE room (name text COLLATE "C" PRIMARY KEY, last bigint NOT NULL) WITH (fillfactor = 10);
  CREATE TABLE record_change (
    room text COLLATE "C" NOT NULL, number bigint NOT NULL, key bytea NOT NULL,
    PRIMARY KEY (room, number, key)
  );
  `,
]
