-- name: session_put
-- $1 session_hash, $2 account_id, $3 csrf_token, $4 expires_at
INSERT INTO session (tenant_id, session_hash, account_id, csrf_token, expires_at)
VALUES (current_tenant(), $1::bytea, $2, $3, from_unix_s($4))
ON CONFLICT (tenant_id, session_hash) DO UPDATE
   SET account_id = EXCLUDED.account_id, csrf_token = EXCLUDED.csrf_token, last_used_at = now(),
       expires_at = EXCLUDED.expires_at;

-- name: session_get
-- $1 session_hash
SELECT s.csrf_token, unix_s(s.created_at), unix_s(s.last_used_at), unix_s(s.expires_at),
       a.account_id, a.name, a.role, a.password_hash, a.disabled_at IS NOT NULL, unix_s(a.created_at)
  FROM session s
  JOIN account a USING (tenant_id, account_id)
 WHERE s.session_hash = $1::bytea AND s.expires_at > now() AND a.disabled_at IS NULL;

-- name: session_touch
-- $1 session_hash, $2 expires_at
UPDATE session SET last_used_at = now(), expires_at = from_unix_s($2)
 WHERE session_hash = $1::bytea;

-- name: session_delete
-- $1 session_hash
DELETE FROM session WHERE session_hash = $1::bytea;

-- name: session_prune
-- Across tenants, by otad_jobs.
DELETE FROM session WHERE expires_at < now();
