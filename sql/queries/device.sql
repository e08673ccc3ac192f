-- name: device_lock
-- $1 device_id.  Whoever holds it is alone with the device and its updates.
SELECT device_no, platform_id, platform_chosen, channel, version, version_key, security_counter, skip_release_id, plain
  FROM device
 WHERE device_id = $1
   FOR UPDATE;

-- name: device_lock_no
-- $1 device_no
SELECT device_no, platform_id, platform_chosen, channel, version, version_key, security_counter, skip_release_id, plain
  FROM device
 WHERE device_no = $1
   FOR UPDATE;

-- name: device_get
-- $1 device_id
SELECT * FROM device_row WHERE device_id = $1;

-- name: device_get_no
-- $1 device_no
SELECT * FROM device_row WHERE device_no = $1;

-- name: device_attributes
-- $1 device_no
SELECT key, value FROM device_attribute WHERE device_no = $1 ORDER BY key;

-- name: device_list
-- $1 after, '' = from the start; $2 limit; $3 part of id, name or version in lower case, '' = all;
-- $4 true = never seen only; $5, $6 seen since and before, NULL = any; $7 stale or not, NULL = any
SELECT * FROM device_row
 WHERE device_id > $1
   AND ($3::text = '' OR position($3 IN lower(device_id)) > 0 OR position($3 IN lower(name)) > 0
        OR position($3 IN lower(version)) > 0)
   AND (NOT $4::boolean OR last_seen_at IS NULL)
   AND ($5::bigint IS NULL OR last_seen_at >= to_timestamp($5))
   AND ($6::bigint IS NULL OR last_seen_at < to_timestamp($6))
   AND ($7::boolean IS NULL
        OR (device_no = ANY (ARRAY(SELECT device_no FROM device_heartbeat WHERE stale_since IS NOT NULL))) = $7)
 ORDER BY device_id
 LIMIT $2;

-- name: device_list_platform
-- As device_list, and $8 platform_id
SELECT * FROM device_row
 WHERE device_id > $1 AND platform_id = $8
   AND ($3::text = '' OR position($3 IN lower(device_id)) > 0 OR position($3 IN lower(name)) > 0
        OR position($3 IN lower(version)) > 0)
   AND (NOT $4::boolean OR last_seen_at IS NULL)
   AND ($5::bigint IS NULL OR last_seen_at >= to_timestamp($5))
   AND ($6::bigint IS NULL OR last_seen_at < to_timestamp($6))
   AND ($7::boolean IS NULL
        OR (device_no = ANY (ARRAY(SELECT device_no FROM device_heartbeat WHERE stale_since IS NOT NULL))) = $7)
 ORDER BY device_id
 LIMIT $2;

-- name: gateway_valid
-- $1 gateway_token_id
SELECT platform_id FROM gateway_token WHERE gateway_token_id = $1 AND revoked_at IS NULL;

-- name: device_register
-- $1 device_id, $2 platform_id or NULL, $3 gateway_token_id.  Touches nothing when the device is known.
INSERT INTO device (tenant_id, device_id, name, platform_id, platform_chosen, channel, gateway_token_id)
VALUES (current_tenant(), $1, '', $2::bigint, false, 'stable', $3)
ON CONFLICT (tenant_id, device_id) DO NOTHING
RETURNING device_no;

-- name: device_create
-- $1 device_id, $2 name, $3 platform_id, $4 channel, $5 token_hash
INSERT INTO device (tenant_id, device_id, name, platform_id, platform_chosen, channel, token_hash)
VALUES (current_tenant(), $1, $2, $3, true, $4, $5::bytea)
RETURNING device_no;

-- name: device_plain_full
-- $1 how many devices of the plain door there may be: are there?
SELECT count(*) >= $1 FROM (SELECT FROM device WHERE plain LIMIT $1) d;

-- name: device_create_plain
-- $1 device_id, $2 platform_id
INSERT INTO device (tenant_id, device_id, name, platform_id, platform_chosen, channel, config_wanted, plain)
VALUES (current_tenant(), $1, '', $2, true, 'stable', false, true)
RETURNING device_no;

-- name: device_seen_create
-- $1 device_no
INSERT INTO device_seen (tenant_id, device_no) VALUES (current_tenant(), $1);

-- name: device_patch
-- $1 device_no, $2 name or NULL, $3 platform_id or NULL, $4 channel or NULL
UPDATE device
   SET name = coalesce($2::text, name), platform_id = coalesce($3::bigint, platform_id),
       platform_chosen = platform_chosen OR $3::bigint IS NOT NULL, channel = coalesce($4::text, channel)
 WHERE device_no = $1;

-- name: device_delete
-- $1 device_no
DELETE FROM device WHERE device_no = $1;

-- name: device_token_replace
-- $1 device_no, $2 token_hash
UPDATE device SET token_hash = $2::bytea WHERE device_no = $1;

-- name: device_attributes_clear
-- $1 device_no
DELETE FROM device_attribute WHERE device_no = $1;

-- name: device_attributes_remove
-- $1 device_no, $2 keys
DELETE FROM device_attribute WHERE device_no = $1 AND key = ANY ($2::text[]);

-- name: device_attributes_put
-- $1 device_no, $2 keys, $3 values
INSERT INTO device_attribute (tenant_id, device_no, key, value)
SELECT current_tenant(), $1::bigint, t.key, t.value
  FROM unnest($2::text[], $3::text[]) AS t(key, value)
ON CONFLICT (tenant_id, device_no, key) DO UPDATE SET value = EXCLUDED.value;

-- name: device_attributes_count
-- $1 device_no
SELECT count(*) FROM device_attribute WHERE device_no = $1;

-- name: device_config_told
-- $1 device_no, $2 version or NULL, $3 version_key or NULL, $4 platform_id or NULL
UPDATE device
   SET config_wanted = false,
       version_key = CASE WHEN $2::text IS NULL THEN version_key ELSE $3::bytea END,
       version = coalesce($2::text, version),
       platform_id = coalesce($4::bigint, platform_id)
 WHERE device_no = $1;

-- name: device_succeeded
-- $1 device_no, $2 release_id, $3 update_id
UPDATE device d
   SET version = r.version, version_key = r.version_key, config_wanted = true, installed_update_id = $3,
       security_counter = greatest(d.security_counter, r.security_counter),
       skip_release_id = nullif(d.skip_release_id, r.release_id)
  FROM release r
 WHERE d.device_no = $1 AND r.release_id = $2;

-- name: device_skip
-- $1 device_no, $2 release_id: it failed or was cancelled here
UPDATE device SET skip_release_id = $2, config_wanted = true WHERE device_no = $1;
