// Who is there when, and who gets how much of the printers: tables that a form holds.
// They follow each key: a change event comes when a field is left, and drawing the table
// then would undo what is typed into the next one already.

import { html } from '../vendor/htm-preact.js';
import { between, endOf, toggled, workweek } from '../core/hours.js';
import { format, t } from '../core/text.js';
import { Icon } from './icons.js';
import { Field, IconButton } from './parts.js';

const WEEK = [0, 1, 2, 3, 4, 5, 6];

/** @param {any} props `hint` says what no period means; `onChange` gets all periods */
export function Hours({ label, hint, periods, onChange }) {
  const put = (at, period) => onChange(periods.map((one, i) => (i === at ? period : one)));
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return html`<fieldset class="table"><legend>${label}</legend>
    ${!periods.length && html`<p class="quiet">${hint}</p>`}
    ${periods.map(
      (period, at) => html`<div class="period" key=${at} role="group" aria-label=${t('hours.period', { n: at + 1 })}>
        <div class="days">${WEEK.map(
          (day) => html`<label key=${day} title=${format.weekday(day, 'long')}>
            <input type="checkbox" aria-label=${format.weekday(day, 'long')} checked=${period.days.includes(day)}
              onChange=${() => put(at, toggled(period, day))} />
            <span aria-hidden="true">${format.weekday(day, 'short')}</span></label>`,
        )}</div>
        <${Field} label=${t('hours.from')}>
          <input type="time" required value=${period.start}
            onInput=${({ target }) => target.value && put(at, between(period, target.value, endOf(period)))} /><//>
        <${Field} label=${t('hours.until')}>
          <input type="time" required value=${endOf(period)}
            onInput=${({ target }) => target.value && put(at, between(period, period.start, target.value))} /><//>
        <${Field} label=${t('hours.events')}>
          <input type="number" min="0" max="10000" placeholder="∞" value=${period.max_manual_events ?? ''}
            onInput=${(event) => put(at, { ...period,
              max_manual_events: event.target.value === '' ? null : Number(event.target.value) })} /><//>
        <span class="quiet zone">${period.tz}</span>
        <${IconButton} icon="close" label=${t('hours.remove', { n: at + 1 })}
          onClick=${() => onChange(periods.filter((_one, i) => i !== at))} />
      </div>`,
    )}
    <button type="button" class="text" onClick=${() => onChange([...periods, workweek(here)])}>
      <${Icon} name="add" />${t('hours.add')}</button>
  </fieldset>`;
}

/** @param {any} props `rows` of {owner, share}; `owners` are those that are known */
export function Shares({ rows, owners, onChange }) {
  const put = (at, change) => onChange(rows.map((row, i) => (i === at ? { ...row, ...change } : row)));
  return html`<fieldset class="table"><legend>${t('shares.title')}</legend>
    <p class="quiet">${t(rows.length ? 'shares.hint' : 'shares.none')}</p>
    <datalist id="owners">${owners.map((one) => html`<option key=${one} value=${one} />`)}</datalist>
    ${rows.map(
      (row, at) => html`<div class="share" key=${at}>
        <${Field} label=${t('shares.owner')}>
          <input list="owners" required maxlength="64" value=${row.owner}
            onInput=${(event) => put(at, { owner: event.target.value })} /><//>
        <${Field} label=${t('shares.share')}>
          <input type="number" required min="1" max="1000" value=${row.share}
            onInput=${(event) => put(at, { share: event.target.value })} /><//>
        <${IconButton} icon="close" label=${t('shares.remove', { name: row.owner })}
          onClick=${() => onChange(rows.filter((_one, i) => i !== at))} />
      </div>`,
    )}
    <button type="button" class="text" onClick=${() => onChange([...rows, { owner: '', share: 1 }])}>
      <${Icon} name="add" />${t('shares.add')}</button>
  </fieldset>`;
}
