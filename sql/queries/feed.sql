-- All of this file runs as otad_jobs, across tenants.

-- name: feed_tenants
SELECT t.tenant_id, t.name, c.change_seq
  FROM tenant t
  JOIN tenant_clock c USING (tenant_id)
 ORDER BY t.tenant_id;

-- name: feed_platforms
-- $1 tenant_id
SELECT * FROM platform_row WHERE tenant_id = $1;

-- name: feed_platforms_of
-- $1 tenant_id, $2 platform_ids
SELECT * FROM platform_row WHERE tenant_id = $1 AND platform_id = ANY ($2::bigint[]);

-- name: feed_releases
-- $1 tenant_id.  Drafts are nobody's business yet.
SELECT * FROM release_row WHERE tenant_id = $1 AND state <> 'draft';

-- name: feed_releases_of
-- $1 tenant_id, $2 release_ids
SELECT * FROM release_row WHERE tenant_id = $1 AND release_id = ANY ($2::bigint[]);

-- name: feed_artifacts
-- $1 tenant_id, $2 release_id
SELECT f.name, a.size_bytes, a.sha256, a.sha1, a.md5, coalesce(f.format, a.kind), a.image_version, a.security_counter,
       a.hardware_class, a.key_hash, f.details ->> 'chip', f.details::text
  FROM release_artifact f
  JOIN artifact a ON a.tenant_id = f.tenant_id AND a.sha256 = f.stored
 WHERE f.tenant_id = $1 AND f.release_id = $2
 ORDER BY f.name;

-- name: feed_api_keys
-- $1 tenant_id
SELECT * FROM api_key_row WHERE tenant_id = $1 AND revoked_at_unix_s = 0;

-- name: feed_api_keys_of
-- $1 tenant_id, $2 api_key_ids
SELECT * FROM api_key_row WHERE tenant_id = $1 AND api_key_id = ANY ($2::bigint[]) AND revoked_at_unix_s = 0;

-- name: feed_gateways
-- $1 tenant_id
SELECT * FROM gateway_row WHERE tenant_id = $1 AND revoked_at_unix_s = 0;

-- name: feed_gateways_of
-- $1 tenant_id, $2 gateway_token_ids
SELECT * FROM gateway_row WHERE tenant_id = $1 AND gateway_token_id = ANY ($2::bigint[]) AND revoked_at_unix_s = 0;

-- name: feed_accounts
-- $1 tenant_id
SELECT a.account_id, a.name, a.disabled_at IS NOT NULL,
       (SELECT string_agg(r.role, ' ') FROM account_role r
         WHERE r.tenant_id = a.tenant_id AND r.account_id = a.account_id)
  FROM account a
 WHERE a.tenant_id = $1;

-- name: feed_accounts_of
-- $1 tenant_id, $2 account_ids.  One that is gone has no name.
SELECT k.id, a.name, coalesce(a.disabled_at IS NOT NULL, true),
       (SELECT string_agg(r.role, ' ') FROM account_role r
         WHERE r.tenant_id = a.tenant_id AND r.account_id = a.account_id)
  FROM unnest($2::bigint[]) AS k(id)
  LEFT JOIN account a ON a.tenant_id = $1 AND a.account_id = k.id;

-- name: feed_roles
-- $1 tenant_id.  A row for each grant; a role without any has one of nothing.
SELECT r.role_id, r.name, coalesce(g.platform_id, 0), coalesce(array_to_string(g.permissions, ' '), '')
  FROM role r
  LEFT JOIN role_grant g USING (tenant_id, role_id)
 WHERE r.tenant_id = $1
 ORDER BY r.role_id;

-- name: feed_roles_of
-- $1 tenant_id, $2 role_ids.  One that is gone has no name.
SELECT k.id, r.name, coalesce(g.platform_id, 0), coalesce(array_to_string(g.permissions, ' '), '')
  FROM (SELECT DISTINCT unnest($2::bigint[])) AS k(id)
  LEFT JOIN role r ON r.tenant_id = $1 AND r.role_id = k.id
  LEFT JOIN role_grant g ON g.tenant_id = r.tenant_id AND g.role_id = r.role_id
 ORDER BY k.id;

-- name: feed_devices
-- $1 tenant_id
SELECT * FROM device_row WHERE tenant_id = $1;

-- name: feed_devices_of
-- $1 tenant_id, $2 device_nos
SELECT * FROM device_row WHERE tenant_id = $1 AND device_no = ANY ($2::bigint[]);

-- name: feed_devices_gone
-- $1 tenant_id, $2 device_nos: those of them that are not there
SELECT k.device_no FROM unnest($2::bigint[]) AS k(device_no)
 WHERE NOT EXISTS (SELECT FROM device d WHERE d.tenant_id = $1 AND d.device_no = k.device_no);

-- name: feed_updates_of
-- $1 tenant_id, $2 update_ids
SELECT * FROM update_row WHERE tenant_id = $1 AND update_id = ANY ($2::integer[]);

-- name: feed_changes
-- $1 tenant_id, $2 the last one known, $3 limit
SELECT change_seq, kind, key FROM change
 WHERE tenant_id = $1 AND change_seq > $2
 ORDER BY change_seq
 LIMIT $3;

-- name: feed_prune
DELETE FROM change WHERE changed_at < now() - interval '1 hour';

-- name: feed_seen
-- $1 tenant_ids, $2 device_nos, $3 last_seen_at, $4 addresses
UPDATE device_seen s
   SET last_seen_at = greatest(s.last_seen_at, to_timestamp(t.at)), address = t.address
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[]) AS t(tenant_id, device_no, at, address)
 WHERE s.tenant_id = t.tenant_id AND s.device_no = t.device_no;

-- name: feed_heartbeats
-- $1 tenant_ids, $2 device_nos, $3 at, $4 version, $5 slot, $6 reset_cause, $7 address, $8 app, $9 uptime_s,
-- $10 free_bytes, $11 stale_since, 0 = it is not.  Not told: an empty text or -1.
INSERT INTO device_heartbeat AS h (tenant_id, device_no, at, version, slot, reset_cause, address, app, uptime_s,
                                   free_bytes, stale_since)
SELECT t.tenant_id, t.device_no, to_timestamp(t.at), nullif(t.version, ''), nullif(t.slot, ''),
       nullif(t.reset_cause, ''), nullif(t.address, ''), nullif(t.app, ''), nullif(t.uptime_s, -1),
       nullif(t.free_bytes, -1), CASE WHEN t.stale_since > 0 THEN to_timestamp(least(t.stale_since, t.at)) END
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
              $9::bigint[], $10::bigint[], $11::bigint[])
       AS t(tenant_id, device_no, at, version, slot, reset_cause, address, app, uptime_s, free_bytes, stale_since)
  JOIN device d USING (tenant_id, device_no)
ON CONFLICT (tenant_id, device_no) DO UPDATE
   SET at = EXCLUDED.at, version = EXCLUDED.version, slot = EXCLUDED.slot, reset_cause = EXCLUDED.reset_cause,
       address = EXCLUDED.address, app = EXCLUDED.app, uptime_s = EXCLUDED.uptime_s, free_bytes = EXCLUDED.free_bytes,
       stale_since = CASE WHEN EXCLUDED.stale_since IS NOT NULL THEN least(h.stale_since, EXCLUDED.stale_since) END
 WHERE EXCLUDED.at >= h.at;

-- name: feed_keys_used
-- $1 tenant_ids, $2 api_key_ids, $3 last_used_at
UPDATE api_key k
   SET last_used_at = greatest(k.last_used_at, to_timestamp(t.at))
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS t(tenant_id, api_key_id, at)
 WHERE k.tenant_id = t.tenant_id AND k.api_key_id = t.api_key_id;

-- name: feed_repositories
-- $1 tenant_id, $2 platform_ids or NULL for all.  A row for the newest of each role.
SELECT DISTINCT ON (f.platform_id, f.role) f.platform_id, f.role, f.version, f.body, unix_s(f.expires_at),
       unix_s(f.published_at), r.public_targets, r.director_key
  FROM tuf_file f
  JOIN tuf_repository r USING (tenant_id, platform_id)
 WHERE f.tenant_id = $1 AND ($2::bigint[] IS NULL OR f.platform_id = ANY ($2::bigint[]))
 ORDER BY f.platform_id, f.role, f.version DESC;

-- name: feed_targets
-- $1 tenant_id, $2 platform_ids or NULL for all
SELECT platform_id, path, release_id, sha256, entry, beta_alone(platform_id, release_id) FROM tuf_target
 WHERE tenant_id = $1 AND ($2::bigint[] IS NULL OR platform_id = ANY ($2::bigint[]))
 ORDER BY platform_id, path;
