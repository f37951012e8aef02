// Five phones with RxDB as npm has it, at work on the same families at once, against the real server. Prints JSON lines.
import { isDeepStrictEqual } from 'node:util';
import { createRxDatabase } from 'rxdb/plugins/core';
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory';
import { PULL_HOUSEHOLDS, PULL_VISITS, collections, replicate } from './replicate.mjs';

const { http, ws, tokens, form, rounds, seed } = JSON.parse(process.env.BENCH);
const PHONES = { anna: 'cadre', ben: 'cadre', chen: 'other_cadre', dong: 'village_officer', er: 'township_officer' };
const PULLS = { households: PULL_HOUSEHOLDS, visits: PULL_VISITS };
const LONGEST_MILLISECONDS = 30_000;
const OFFLINE = 'no network (the bench took it away)';

let state = seed;
const chance = (below) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};
const pick = (list) => list[chance(list.length)];
const say = (what, facts = {}) => console.log(JSON.stringify({ what, ...facts }));
const expect = (holds, what, facts = {}) => {
  if (!holds) throw new Error(`not so: ${what} ${JSON.stringify(facts)}`);
  say(what, facts);
};

// The network of each phone: its number stands in the address. RxDB also shares one socket per address.
const phones = {};
const real = globalThis.fetch;
globalThis.fetch = async (asked, options) => {
  if (!(asked instanceof Request)) return real(asked, options); // the bench's own
  const phone = Object.values(phones)[Number(new URL(asked.url).searchParams.get('phone'))];
  if (phone.isOffline) throw new Error(OFFLINE);
  const body = await asked.json();
  const kind = Object.keys(PULLS).find((one) => body.query === PULLS[one]);
  if (phone.forgets[kind]) {
    body.variables.checkpoint = { cursor: 'nonsense' };
    phone.forgets[kind] = false;
    phone.resets += 1;
  }
  return real(asked.url, { method: 'POST', headers: asked.headers, body: JSON.stringify(body) });
};

async function ask(persona, query, variables) {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${tokens[persona]}` };
  const answer = await (await real(http, { method: 'POST', headers, body: JSON.stringify({ query, variables }) })).json();
  const payload = answer.data && Object.values(answer.data)[0];
  const errors = answer.errors ?? payload?.errors ?? [];
  if (errors.length) throw new Error(JSON.stringify(errors));
  return payload;
}

async function start(name, number) {
  const database = await createRxDatabase({ name, storage: getRxStorageMemory(), multiInstance: false });
  await database.addCollections(collections);
  const phone = { name, persona: PHONES[name], database, told: [], errors: [], isOffline: false, forgets: {}, resets: 0 };
  phones[name] = phone;
  const at = { http: `${http}?phone=${number}`, ws: `${ws}?phone=${number}` };
  phone.replications = replicate({ database, ...at, token: tokens[phone.persona], told: (what) => phone.told.push(what) });
  for (const one of Object.values(phone.replications)) {
    one.retryTime = 200;
    one.error$.subscribe((error) => phone.errors.push(error));
  }
  return phone;
}

async function kept(phone, kind) {
  const documents = await phone.database[kind].find().exec();
  return new Map(documents.map((document) => [document.id, document.toMutableJSON()]));
}

/** What the server would give a new phone of this person. */
async function fresh(persona, kind) {
  const documents = new Map();
  for (let page = { checkpoint: null, hasMore: true }; page.hasMore; ) {
    page = await ask(persona, PULLS[kind], { checkpoint: page.checkpoint, limit: 500 });
    for (const { isDeleted, ...document } of page.documents) documents.set(document.id, document);
  }
  return documents;
}

/** What a phone holds that the server does not say, and the other way round. Visits that were refused stay as typed. */
async function differences(phone, kind) {
  const [here, there] = [await kept(phone, kind), await fresh(phone.persona, kind)];
  const refused = new Set(phone.told.filter((one) => one.outcome && one.outcome !== 'APPLIED').map((one) => one.id));
  const ids = [...new Set([...here.keys(), ...there.keys()])].filter((id) => !refused.has(id));
  return ids.filter((id) => !isDeepStrictEqual(plain(here.get(id)), plain(there.get(id))));
}
const plain = (document) => document && JSON.parse(JSON.stringify(document));

async function converged(what) {
  const until = Date.now() + LONGEST_MILLISECONDS;
  const began = Date.now();
  for (;;) {
    const left = {};
    for (const phone of Object.values(phones)) {
      noError(phone);
      for (const kind of Object.keys(PULLS)) {
        const ids = await differences(phone, kind);
        if (ids.length) left[`${phone.name} ${kind}`] = ids.length;
      }
    }
    if (!Object.keys(left).length) return say(`${what}: all phones agree with the server`, { milliseconds: Date.now() - began });
    if (Date.now() > until) throw new Error(`${what}: phones do not agree ${JSON.stringify(left)}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** RxDB tries again whatever fails, for ever: an error that is not the bench's own doing ends the story at once. */
function noError(phone) {
  const messages = phone.errors.map((error) => JSON.stringify(error.parameters?.errors ?? String(error)));
  const unexplained = messages.filter((message) => !message.includes(OFFLINE));
  if (unexplained.length) throw new Error(`${phone.name}: ${unexplained[0]}`);
}

const edit = async (phone, id, change) => (await phone.database.households.findOne(id).exec())?.incrementalPatch(change);
const person = (persona) => ask(persona, '{ viewer { helper { id } } }').then((viewer) => viewer.helper.id);

function visit(family, note, changed = {}) {
  const at = new Date(Date.now() - 3_600_000).toISOString();
  const answers = { adultsMet: 2, hasTelevision: true, needs: ['MEDICAL'], needsDetail: '降压药不够' };
  const place = { longitude: family.longitude, latitude: family.latitude, accuracyMetres: 6.5 };
  const what = { purpose: 'MONTHLY', contact: 'IN_PERSON', occurredAt: at, capturedAt: at, answers, note };
  return { id: crypto.randomUUID(), householdId: family.id, formId: form[0], formVersion: form[1], ...what, ...place, ...changed };
}

async function handOver(id, from, to) {
  const found = await ask('township_officer', `query($id: ID!) { household(id: $id) { pairings { id endedOn helper { id } } } }`, { id });
  for (const pairing of found.pairings.filter((one) => one.endedOn === null && one.helper?.id === from)) {
    const handedOverOn = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
    const input = { id: crypto.randomUUID(), pairingId: pairing.id, helperId: to, handedOverOn };
    const mutation = `mutation($input: HandOverPairingInput!) { handOverPairing(input: $input) { errors { code message } } }`;
    await ask('township_officer', mutation, { input });
  }
}

async function story() {
  for (const [number, name] of Object.keys(PHONES).entries()) await start(name, number);
  const [anna, ben, chen, dong, er] = Object.values(phones);
  const everybody = Object.values(phones);
  await converged('first sync');

  const mine = [...(await kept(anna, 'households')).values()].filter((one) => !one.endedOn && one.longitude);
  const inVillage = await kept(dong, 'households');
  const shared = mine.filter((one) => inVillage.has(one.id));
  expect(shared.length >= 5, 'families that four phones hold', { families: shared.length });
  const [merged, contested, gone, deleted, left] = shared;

  // Other fields of one family, on four phones at once.
  await Promise.all([
    edit(anna, merged.id, { address: '安娜写的住址' }),
    edit(ben, merged.id, { phone: '10000090001' }),
    edit(dong, merged.id, { causes: ['ILLNESS', 'DISASTER'] }),
    edit(er, merged.id, { category: merged.category === 'LIFTED' ? 'ORDINARY' : 'LIFTED' }),
  ]);
  await converged('other fields of one family');
  const whole = (await fresh('township_officer', 'households')).get(merged.id);
  const both = whole.address === '安娜写的住址' && whole.phone === '10000090001' && whole.causes.length === 2;
  expect(both && whole.category !== merged.category, 'every field of it stands');

  // One field of one family, on four phones at once: one is taken, the others learn of it.
  const before = everybody.flatMap((one) => one.told).filter((one) => one.code === 'FIELD_CONFLICT').length;
  await Promise.all([anna, ben, dong, er].map((phone, n) => edit(phone, contested.id, { phone: `1000009001${n}` })));
  await converged('one field of one family');
  const conflicts = everybody.flatMap((one) => one.told).filter((one) => one.code === 'FIELD_CONFLICT').length - before;
  expect(conflicts === 3, 'three of four were told of the conflict', { conflicts });

  // Whatever comes: edits of any field of any family on any phone, some of them without a network for a while.
  for (let round = 0; round < rounds; round++) {
    for (const phone of everybody) phone.isOffline = chance(4) === 0;
    const done = everybody.map(async (phone) => {
      const families = [...(await kept(phone, 'households')).values()].filter((one) => !one.endedOn);
      const change = pick([{ address: `第${round}轮 ${phone.name}` }, { phone: `1000009${1000 + chance(9000)}` }]);
      await edit(phone, pick(pick([families, shared])).id, change);
    });
    await Promise.all(done);
    await new Promise((next) => setTimeout(next, 100)); // the network has its time to take part
  }
  for (const phone of everybody) phone.isOffline = false;
  await converged(`${rounds} rounds of edits`);

  // Visits: a good one, one that is refused and stays on its phone, and one that is changed where it must not be.
  const good = visit(left, '一切正常');
  const wrong = visit(left, '纬度不对', { latitude: 91 });
  await anna.database.visits.bulkInsert([good, wrong]);
  await converged('visits');
  const outcomes = Object.fromEntries(anna.told.filter((one) => one.outcome).map((one) => [one.id, one.outcome]));
  expect(outcomes[good.id] === 'APPLIED' && outcomes[wrong.id] === 'REJECTED', 'one visit applied, one refused');
  const holders = async (id) => {
    const held = await Promise.all(everybody.map(async (phone) => (await kept(phone, 'visits')).has(id) && phone.name));
    return held.filter(Boolean).join(' ');
  };
  expect((await holders(good.id)) === 'anna ben dong er', 'four phones have the good one');
  expect((await holders(wrong.id)) === 'anna', 'and only its author the other');
  await (await anna.database.visits.findOne(good.id).exec()).incrementalPatch({ note: '改写' });
  await converged('a visit that was changed on a phone');
  expect((await kept(anna, 'visits')).get(good.id).note === '一切正常', 'and is as it was');

  // Handed over to and fro, and whoever holds the family edits it in the very moment in which it goes.
  const [hers, his] = [await person('cadre'), await person('other_cadre')];
  for (let round = 0; round < 5; round++) {
    const [from, to, holders] = round % 2 ? [his, hers, [chen]] : [hers, his, [anna, ben]];
    const edits = holders.map((phone) => edit(phone, gone.id, { address: `交接时${phone.name}写的${round}` }));
    await Promise.all([handOver(gone.id, from, to), ...edits]);
    await converged(`hand-over ${round + 1}`);
  }
  expect(!(await kept(anna, 'households')).has(gone.id) && !(await kept(ben, 'households')).has(gone.id), 'gone from both old phones');
  expect((await kept(chen, 'households')).has(gone.id), 'and on the new one');

  // A phone deletes a family: nobody takes that from it.
  await (await ben.database.households.findOne(deleted.id).exec()).remove();
  await converged('a family deleted on a phone');
  expect((await kept(ben, 'households')).has(deleted.id), 'and is there again', { told: ben.told.at(-1).code });

  // Without a network while a family goes over, and then with a cursor that is none: the snapshot drops what it lacks.
  chen.isOffline = true;
  await handOver(gone.id, his, hers);
  await edit(chen, [...(await kept(chen, 'households')).keys()].find((id) => id !== gone.id), { address: '断网时写的' });
  chen.forgets = { households: true, visits: true };
  chen.isOffline = false;
  for (const one of Object.values(chen.replications)) one.reSync();
  await converged('a snapshot in the middle');
  expect(chen.resets === 2 && !(await kept(chen, 'households')).has(gone.id), 'what it lacked is gone');
  const hisNow = (await kept(chen, 'households')).values();
  expect([...hisNow].some((one) => one.address === '断网时写的'), 'what was typed without a network is there');

  everybody.forEach(noError);
  const taken = everybody.flatMap((phone) => phone.errors).length;
  say('no replication had an error but for the network that was taken away', { taken });
  for (const phone of everybody) await phone.database.close();
}

process.on('unhandledRejection', (error) => {
  console.error(error);
  process.exit(1);
});
await story();
say('done');
process.exit(0);
