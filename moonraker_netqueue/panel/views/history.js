// What was printed, and totals.

import { html } from '../vendor/htm-preact.js';
import { format, heard, t, told } from '../core/text.js';
import { CardHead, Chip, Empty } from './parts.js';

const KINDS = { done: 'success', failed: 'error', lost: 'error', released: 'quiet' };

export function History({ state }) {
  const { history } = state;
  if (!history) return html`<section class="card"><p class="quiet pad">${t('loading')}</p></section>`;
  const { totals } = history;
  // What a printer gave back before it began it was never a print.
  const prints = history.prints.filter((print) => print.started !== null || print.state !== 'released');
  const tried = totals.prints_done + totals.prints_failed;
  const tiles = [
    [t('history.done'), totals.prints_done],
    [t('history.failed'), totals.prints_failed],
    [t('history.rate'), tried ? `${Math.round((100 * totals.prints_done) / tried)} %` : '–'],
    [t('history.jobs', { n: totals.jobs_added }), totals.jobs_completed],
  ];
  return html`<section class="history" aria-label=${t('tab.history')}>
    <div class="tiles">${tiles.map(
      ([label, value]) => html`<div class="card tile" key=${label}><strong>${value}</strong>
        <span class="quiet">${label}</span></div>`,
    )}</div>
    <div class="columns">
      <div class="card"><${CardHead} icon="history" title=${t('history.prints')} />
        ${!prints.length
          ? html`<${Empty} icon="history" title=${t('history.empty')} text="" />`
          : html`<div class="scroll" tabindex="0" role="region" aria-label=${t('history.prints')}>
            <table><thead><tr><th>${t('history.file')}</th><th>${t('history.printer')}</th>
              <th>${t('history.result')}</th><th>${t('history.took')}</th><th>${t('history.ended')}</th></tr></thead>
            <tbody>${prints.map((print) => html`<${Row} key=${print.print_id} print=${print} />`)}</tbody>
          </table></div>`}</div>
      ${history.per_printer.length > 0 && html`<div class="card"><${CardHead} icon="printer" title=${t('history.per_printer')} />
        <div class="scroll" tabindex="0" role="region" aria-label=${t('history.per_printer')}>
        <table><thead><tr><th>${t('history.printer')}</th><th>${t('history.done')}</th>
          <th>${t('history.failed')}</th><th>${t('history.hours')}</th></tr></thead>
        <tbody>${history.per_printer.map(
          (row) => html`<tr key=${row.printer_id}><td>${row.printer || row.printer_id.slice(0, 8)}</td>
            <td>${row.done}</td><td>${row.failed}</td><td>${format.span(row.print_seconds)}</td></tr>`,
        )}</tbody></table></div></div>`}
    </div></section>`;
}

function Row({ print }) {
  const now = Date.now() / 1000;
  const took = print.started && print.ended ? format.span(print.ended - print.started) : '–';
  return html`<tr><td>${print.file || print.job || print.sha256.slice(0, 8)}</td><td>${print.printer}</td>
    <td><${Chip} kind=${KINDS[print.state] ?? ''} title=${heard(print.reason)}>${told('print', print.state)}<//>
      ${print.state === 'failed' && html`<small class="quiet"> ${heard(print.reason)}</small>`}</td>
    <td>${took}</td><td>${print.ended ? format.moment(print.ended, now) : '–'}</td></tr>`;
}
