-- name: update_get
-- $1 update_id
SELECT * FROM update_row WHERE update_id = $1;

-- name: update_open_of
-- $1 device_no
SELECT update_id FROM device_update WHERE device_no = $1 AND closed_at IS NULL;

-- name: update_device
-- $1 update_id
SELECT device_no FROM device_update WHERE update_id = $1;

-- name: update_list_device
-- $1 after, 0 = from the start; $2 limit; $3 device_no
SELECT * FROM update_row
 WHERE device_no = $3 AND ($1::bigint = 0 OR update_id < $1)
 ORDER BY update_id DESC
 LIMIT $2;

-- name: update_list
-- $1 after, 0 = from the start; $2 limit; $3 open ones only; $4 platform_id, $5 state, $6 version, $7 device_id, NULL = any;
-- $8, $9 made from and before a time, 0 = any
SELECT * FROM update_row
 WHERE update_id IN (
       SELECT u.update_id FROM device_update u
        WHERE ($1::bigint = 0 OR u.update_id < $1)
          AND (NOT $3::boolean OR u.closed_at IS NULL)
          AND ($4::bigint IS NULL OR u.platform_id = $4)
          AND ($5::text IS NULL OR u.state = $5)
          AND ($6::text IS NULL OR u.version = $6)
          AND ($7::text IS NULL OR u.device_no = (SELECT d.device_no FROM device d WHERE d.device_id = $7))
          AND ($8::bigint = 0 OR u.created_at >= to_timestamp($8))
          AND ($9::bigint = 0 OR u.created_at < to_timestamp($9))
        ORDER BY u.update_id DESC
        LIMIT $2)
 ORDER BY update_id DESC;

-- name: update_events
-- $1 update_ids; the details are separated by unit separators
SELECT update_id, unix_s(at), execution, result, coalesce(progress_percent, -1), cardinality(details),
       array_to_string(details, E'\x1f')
  FROM update_event
 WHERE update_id = ANY ($1::integer[])
 ORDER BY update_id DESC, event_no;

-- name: update_create
-- $1 device_no, $2 release_id, $3 from_version or NULL, $4 created_by, $5 it is a session of the plain door, and begins
WITH u AS (
    INSERT INTO device_update (tenant_id, device_no, release_id, from_version, created_by, source, state, started_at)
    VALUES (current_tenant(), $1, $2, $3, $4, CASE WHEN $5 THEN 'plain' ELSE 'ddi' END,
            CASE WHEN $5 THEN 'retrieved' ELSE 'pending' END, CASE WHEN $5 THEN now() END)
    RETURNING device_no, update_id
), d AS (
    UPDATE device SET last_update_id = u.update_id FROM u WHERE device.device_no = u.device_no
)
SELECT update_id FROM u;

-- name: update_lock
-- $1 update_id, $2 device_no
SELECT u.state, u.cancelled_from, u.progress_percent, u.release_id, u.source = 'plain'
  FROM device_update u
 WHERE u.update_id = $1 AND u.device_no = $2
   FOR UPDATE;

-- name: update_event_last
-- $1 update_id, $2 execution, $3 result, $4 progress_percent or NULL, $5 details, $6 of_cancel
-- Number of the last event, and whether it is this one.
SELECT event_no, execution = $2 AND result = $3 AND progress_percent IS NOT DISTINCT FROM $4::smallint
                 AND details = $5::text[] AND of_cancel = $6
  FROM update_event
 WHERE update_id = $1
 ORDER BY event_no DESC
 LIMIT 1;

-- name: update_event_put
-- $1 update_id, $2 execution, $3 result, $4 progress_percent or NULL, $5 details, $6 of_cancel, $7 event_no
INSERT INTO update_event (tenant_id, update_id, event_no, execution, result, progress_percent, details, of_cancel)
VALUES (current_tenant(), $1, $7, $2, $3, $4::smallint, $5::text[], $6);

-- name: update_state_put
-- $1 update_id, $2 state, $3 cancelled_from or NULL, $4 progress_percent, $5 reason or NULL, $6 whether that closes it
UPDATE device_update u
   SET state = $2, cancelled_from = $3, progress_percent = $4, reason = $5, updated_at = n.at,
       started_at = CASE WHEN u.started_at IS NULL AND $2 <> 'pending' AND (u.state <> 'pending' OR $2 <> 'cancelled')
                         THEN n.at ELSE u.started_at END,
       closed_at = CASE WHEN $6 THEN n.at END
  FROM (SELECT greatest(clock_timestamp(), x.created_at, x.started_at) AS at FROM device_update x WHERE x.update_id = $1) n
 WHERE u.update_id = $1;

-- name: update_withdraw
-- $1 release_id.  Open updates to it: what was not retrieved, or cannot be asked, is cancelled, the rest is to be; each is written into
-- its events and into the changes.  Locks the tenant's clock.
WITH u AS (
    UPDATE device_update
       SET state = CASE WHEN state = 'pending' OR source = 'plain' THEN 'cancelled' ELSE 'cancelling' END,
           cancelled_from = CASE WHEN state = 'pending' OR source = 'plain' THEN NULL ELSE state END,
           reason = CASE WHEN state = 'pending' OR source = 'plain' THEN 'withdrawn' END,
           updated_at = greatest(clock_timestamp(), created_at),
           closed_at = CASE WHEN state = 'pending' OR source = 'plain' THEN greatest(clock_timestamp(), created_at) END
     WHERE release_id = $1 AND closed_at IS NULL AND state <> 'cancelling'
    RETURNING tenant_id, update_id
), told AS (
    INSERT INTO update_event (tenant_id, update_id, event_no, execution, result, details, of_cancel)
    SELECT u.tenant_id, u.update_id, e.event_no, 'withdrawn', 'none', '{}', true
      FROM u CROSS JOIN LATERAL (
           SELECT coalesce(max(x.event_no), 0) + 1 AS event_no FROM update_event x
            WHERE x.tenant_id = u.tenant_id AND x.update_id = u.update_id) e
     WHERE e.event_no <= 1000
), clock AS (
    UPDATE tenant_clock SET change_seq = change_seq + (SELECT count(*) FROM u)
     WHERE tenant_id = current_tenant()
    RETURNING change_seq - (SELECT count(*) FROM u) AS before
)
INSERT INTO change (tenant_id, change_seq, kind, key)
SELECT u.tenant_id, clock.before + row_number() OVER (), 'update', u.update_id
  FROM u, clock;

-- name: update_plain_silent
-- $1 seconds, $2 limit.  Across tenants, by otad_jobs: sessions of the plain door that heard nothing for so long.
SELECT tenant_id, update_id
  FROM device_update
 WHERE closed_at IS NULL AND source = 'plain' AND updated_at < now() - make_interval(secs => $1)
 ORDER BY updated_at
 LIMIT $2;

-- name: update_is_silent
-- $1 update_id, $2 seconds
SELECT device_no
  FROM device_update
 WHERE update_id = $1 AND closed_at IS NULL AND source = 'plain' AND updated_at < now() - make_interval(secs => $2);
