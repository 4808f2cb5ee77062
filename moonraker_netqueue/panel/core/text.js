// The words of the page, in the language of the browser or the one that was chosen.

import { formats } from './format.js';
import { Sayings } from './sayings.js';
import { en } from '../strings/en.js';

/** A language is one file of strings/ and one line here. */
export const LANGUAGES = { en: 'English', de: 'Deutsch' };
const CHOSEN = 'netqueue.language';

let strings = en;
let phrases = /** @type {Record<string, string>} */ ({}); // English comes from the host
let sayings = new Sayings({});
let plural = new Intl.PluralRules('en');
export let language = 'en';
export let format = formats('en');

/** The text of a key; {name} in it is a value, and `n` chooses the plural. */
export function fill(text, values, rules) {
  const chosen = typeof text === 'string' ? text : (text[rules.select(values.n)] ?? text.other);
  return chosen.replace(/\{(\w+)\}/g, (whole, name) =>
    name in values ? String(values[name]) : whole,
  );
}

export function t(key, values = {}) {
  const text = strings[key] ?? en[key];
  if (text === undefined) throw new Error(`no text for ${key}`);
  return fill(text, values, plural);
}

/** The text of a value of the API; the value itself, if there is none. */
export function told(prefix, value) {
  const key = `${prefix}.${value}`;
  return key in en ? t(key) : String(value).replaceAll('_', ' ');
}

/**
 * A phrase of the API in the words of a language; null if it lacks some.
 * @param {any} form its `code` beside its values, some of which are phrases
 * @param {Record<string, string>} words by code
 * @param {(value: number) => string} number
 * @returns {string | null}
 */
export function phrased(form, words, number = (value) => String(value)) {
  const text = words[form.code];
  if (text === undefined) return null;
  const values = /** @type {Record<string, any>} */ ({});
  for (const [name, value] of Object.entries(form)) {
    if (name === 'state') values[name] = told('state', value.replaceAll(' ', '_'));
    else if (typeof value === 'number') values[name] = number(value);
    else values[name] = typeof value === 'object' ? phrased(value, words, number) : value;
    if (values[name] === null) return null;
  }
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** What the host says, in the language of the page; `text` is its English. */
export function said(form, text) {
  return (form && phrased(form, phrases, format.number)) ?? heard(text);
}

/** The same behind the printer's name, which it then does not repeat; if there are such words. */
export function brief(form, text, printer) {
  const key = `brief.${form?.code}`;
  if (form?.printer !== printer || !(key in en)) return said(form, text);
  return phrased(form, { ...phrases, [form.code]: strings[key] ?? en[key] }, format.number) ?? said(form, text);
}

/** What a host says without a code: a refusal, a state, a line of the log. */
export function heard(text) {
  return sayings.heard(text);
}

/** The best of the languages there are. */
export function best(wanted) {
  for (const tag of wanted) {
    const short = tag.toLowerCase().split('-')[0];
    if (short in LANGUAGES) return short;
  }
  return 'en';
}

export async function loadLanguage() {
  const chosen = localStorage.getItem(CHOSEN);
  language = best(chosen ? [chosen] : navigator.languages);
  if (language !== 'en') {
    const file = await import(`../strings/${language}.js`);
    strings = file[language];
    phrases = file.phrases;
    sayings = new Sayings(file.sayings);
  }
  plural = new Intl.PluralRules(language);
  format = formats(language === 'en' ? (navigator.language ?? 'en') : language);
  document.documentElement.lang = language;
}

export async function chooseLanguage(tag) {
  localStorage.setItem(CHOSEN, tag);
  location.reload();
}
