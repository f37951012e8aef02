-- The same rows as submitVisits writes for visits in which nothing is wrong: submissions, visits, one audit entry. $1 the
-- items as JSON, $2 the viewer's account, $3 their helper, $4 now, $5–$7 the viewer's regions (from, to, spans).
WITH sent AS (
  SELECT item, (item->>'id')::uuid AS id, (item->>'householdId')::uuid AS household_id,
         (item->>'occurredAt')::timestamptz AS occurred_at, item->'location' AS place,
         (item->'location'->>'longitude')::float8 AS longitude, (item->'location'->>'latitude')::float8 AS latitude
  FROM jsonb_array_elements($1::jsonb) AS item
), placed AS (
  SELECT sent.*, h.region_code, ST_SetSRID(ST_MakePoint(longitude, latitude), 4326) AS point,
         ST_Distance(h.location::geography, ST_SetSRID(ST_MakePoint(longitude, latitude), 4326)::geography) AS metres
  FROM sent JOIN household h ON h.id = sent.household_id
    AND (h.region_code >= $5 AND h.region_code < $6
           AND ($7 = '' OR h.region_code ^@ ANY (string_to_array($7, ',')))
         OR h.id = ANY (array(SELECT household_id FROM household_access WHERE party_id = $3)))
), submitted AS (
  INSERT INTO submission (id, kind, submitter_id, region_code, outcome, content, content_hash, hash_version, problems,
                          received_at, judged_at)
  SELECT id, 'VISIT', $2, region_code, 'APPLIED', item, encode(sha256(item::text::bytea), 'hex'), 1, '[]', $4, $4
  FROM placed
), noted AS (
  INSERT INTO audit_entry (at, actor_id, actor_roles, action, subject_kind, detail)
  SELECT $4, $2, '{HELPER}', 'submitVisits', 'visit', jsonb_build_object('applied', jsonb_agg(id)) FROM placed
)
INSERT INTO visit (id, household_id, region_code, recorded_by_id, helper_id, purpose, contact, occurred_at, captured_at,
                   received_at, late_by_seconds, location, sent_longitude, sent_latitude, sent_datum, accuracy_metres,
                   is_mocked, located_at, distance_to_dwelling_metres, is_within_fence, credibility, form_id,
                   form_version, answers, is_complete, note)
SELECT id, household_id, region_code, $2, $3, item->>'purpose', item->>'contact', occurred_at,
       (item->>'capturedAt')::timestamptz, $4, extract(epoch FROM $4 - occurred_at), point, longitude, latitude,
       place->>'datum', (place->>'accuracyMetres')::float8, (place->>'isMocked')::boolean,
       (place->>'capturedAt')::timestamptz, metres, metres <= 1000, '[]', (item->>'formId')::uuid,
       (item->>'formVersion')::int, item->'answers', true, item->>'note'
FROM placed
RETURNING id
