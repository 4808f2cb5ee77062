// What a host says in English, in another language: found by the English frame that it
// was made from, as no code comes with a refusal of Moonraker's. Pure.

const HOLE = /\{(\d)\}/g;
const FRAME_MIN = 6; // letters: a shorter frame fits too much, and is only part of others
const KEPT = 500;

export class Sayings {
  /** @param {Record<string, string>} table from English frames to those of the language */
  constructor(table) {
    this.plain = new Map();
    /** @type {{letters: number, signs: number, pattern: RegExp, text: string}[]} */
    this.frames = [];
    this.known = new Map();
    for (const [english, text] of Object.entries(table)) {
      if (!english.match(HOLE)) this.plain.set(english, text);
      else this.frames.push({ letters: lettersOf(english), signs: english.length, pattern: patternOf(english), text });
    }
    this.frames.sort((a, b) => b.letters - a.letters || b.signs - a.signs); // the one that says most
  }

  /** @returns {string} the text in the language; itself, if it is not known */
  heard(text) {
    let found = this.known.get(text);
    if (found === undefined) {
      found = this.find(text, FRAME_MIN) ?? text;
      if (this.known.size >= KEPT) this.known.clear();
      this.known.set(text, found);
    }
    return found;
  }

  /** @returns {string | null} */
  find(text, least) {
    const plain = this.plain.get(text);
    if (plain !== undefined) return plain;
    for (const { letters, pattern, text: own } of this.frames) {
      const match = letters >= least ? pattern.exec(text) : null;
      if (match) return own.replace(HOLE, (_whole, n) => this.part(match[Number(n) + 1] ?? ''));
    }
    return null;
  }

  /** What was put into a frame: one saying or more, several words, or a name as it is. */
  part(text) {
    const whole = this.find(text, 1);
    if (whole !== null) return whole;
    const clauses = text.split('; ');
    if (clauses.length > 1) return clauses.map((one) => this.part(one)).join('; ');
    return text.split(', ').map((one) => this.plain.get(one) ?? one).join(', ');
  }
}

const lettersOf = (frame) => frame.replace(HOLE, '').replace(/[^\p{L}]/gu, '').length;

function patternOf(frame) {
  const literal = frame.split(HOLE).filter((_part, at) => at % 2 === 0);
  const escaped = literal.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('(.*?)')}$`, 's');
}
