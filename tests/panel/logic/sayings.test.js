import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sayings } from '../../../moonraker_netqueue/panel/core/sayings.js';
import { sayings as german } from '../../../moonraker_netqueue/panel/strings/de.js';

const de = new Sayings(german);

test('a refusal is found with its values, and what is said in it, too', () => {
  assert.equal(de.heard("there is no job 'box'"), "es gibt keinen Auftrag 'box'");
  assert.equal(
    de.heard('nobody has looked at the bed yet: look, then say that the bed is clear'),
    'noch hat niemand nach dem Bett gesehen: nachsehen, dann melden, dass das Bett frei ist',
  );
  assert.equal(
    de.heard("a print of job 'crate' ended, failed: cancelled"),
    "ein Druck von Auftrag 'crate' ist zu Ende, misslungen: abgebrochen",
  );
  assert.equal(
    de.heard("changed job 'crate': wishes, failed attempts forgiven"),
    "Auftrag 'crate' geändert: Wünsche, Fehlversuche vergeben",
  );
});

test('several sayings in one are each found', () => {
  const text = de.heard(
    "it is out, and no member here any more; what becomes of its prints is kept on this host's disk and counts as soon" +
      " as the majority of the queue's hosts is back: do not repeat it; its vote goes as that of any host that stays away (seat_ttl)",
  );
  assert.match(text, /^er ist draußen.*; was aus seinen Drucken wird.*; seine Stimme/);
});

test('the frame that says most is taken', () => {
  const more = new Sayings({ 'printer {0} is here': 'Drucker {0}', 'printer {0} is here: {1} again': '{1} {0}' });
  assert.equal(more.heard('printer a is here: b again'), 'b a');
});

test('what is not known stays, and signs of patterns are only signs', () => {
  assert.equal(de.heard('Heater extruder not heating at expected rate'), 'Heater extruder not heating at expected rate');
  assert.equal(de.heard('job done'), 'job done'); // too short a frame to be a text of its own
  const found = new Sayings({ 'what (is) {0}.* here?': 'was ist {0}' });
  assert.equal(found.heard('what (is) this.* here?'), 'was ist this');
  assert.equal(found.heard('what is this. here'), 'what is this. here');
});
