// The words of the page, in the language of the browser or the one that was chosen.

import { formats } from './format.js';
import { en } from '../strings/en.js';

/** A language is one file of strings/ and one line here. */
export const LANGUAGES = { en: 'English', de: 'Deutsch' };
const CHOSEN = 'netqueue.language';

let strings = en;
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
  }
  plural = new Intl.PluralRules(language);
  format = formats(language === 'en' ? (navigator.language ?? 'en') : language);
  document.documentElement.lang = language;
}

export async function chooseLanguage(tag) {
  localStorage.setItem(CHOSEN, tag);
  location.reload();
}
