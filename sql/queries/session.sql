-- name: session_put
-- $1 session_hash, $2 account_id, $3 csrf_token, $4 expires_at, $5 address, $6 agent
INSERT INTO session (tenant_id, session_hash, account_id, csrf_token, expires_at, address, agent)
VALUES (current_tenant(), $1::bytea, $2, $3, from_unix_s($4), $5, $6);

-- name: session_get
-- $1 session_hash
SELECT s.csrf_token, unix_s(s.created_at), unix_s(s.last_used_at), unix_s(s.expires_at), s.session_id, s.address, s.agent,
       s.last_used_at < now() - interval '5 min', a.*
  FROM session s
  JOIN account_row a USING (tenant_id, account_id)
 WHERE s.session_hash = $1::bytea AND s.expires_at > now() AND NOT a.disabled;

-- name: session_touch
-- $1 session_hash
UPDATE session SET last_used_at = now() WHERE session_hash = $1::bytea;

-- name: session_delete
-- $1 session_hash
DELETE FROM session WHERE session_hash = $1::bytea RETURNING account_id;

-- name: session_list
-- $1 account_id, $2 before this session_id, 0 = from the newest, $3 limit
SELECT session_hash, unix_s(created_at), unix_s(last_used_at), unix_s(expires_at), session_id, address, agent
  FROM session
 WHERE account_id = $1 AND expires_at > now() AND ($2::bigint = 0 OR session_id < $2)
 ORDER BY session_id DESC
 LIMIT $3;

-- name: session_end
-- $1 account_id, $2 session_id
DELETE FROM session WHERE account_id = $1 AND session_id = $2;

-- name: session_end_all
-- $1 account_id, $2 session_hash of the one that stays, NULL = none
DELETE FROM session WHERE account_id = $1 AND session_hash IS DISTINCT FROM $2::bytea;

-- name: session_prune
-- Across tenants, by otad_jobs.
DELETE FROM session WHERE expires_at < now();
