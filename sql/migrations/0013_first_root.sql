-- Who may give a platform its first root (SPEC 10.8).  An older binary is refused where it asked for less.

SET LOCAL search_path = otad;

-- The first root says whom a platform trusts for ever, as its boot roots do.
CREATE POLICY first_root ON tuf_file AS RESTRICTIVE FOR INSERT TO otad_app
    WITH CHECK (role <> 'root' OR version > 1 OR may_every('{platform.manage}', platform_id));
CREATE POLICY first_root ON tuf_pending AS RESTRICTIVE FOR INSERT TO otad_app
    WITH CHECK (role <> 'root' OR version > 1 OR may_every('{platform.manage}', platform_id));
