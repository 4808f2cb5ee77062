// The plan as a timeline: who prints what, as far as can be seen.

import { html, useEffect, useRef, useState } from '../vendor/htm-preact.js';
import { chart, hue } from '../core/chart.js';
import { byName } from '../core/queue.js';
import { format, t } from '../core/text.js';
import { whyOf } from './jobs.js';
import { CardHead, Empty } from './parts.js';

const ROW = 40;
const HEAD = 26;

export function Plan({ state, show }) {
  const { forecast, printers } = state;
  const root = useRef(/** @type {any} */ (null));
  const [width, setWidth] = useState(800);
  useEffect(() => {
    const watch = new ResizeObserver(() => setWidth(root.current?.clientWidth ?? 800));
    watch.observe(root.current);
    return () => watch.disconnect();
  }, []);
  const jobs = new Map(state.queue.jobs.map((job) => [job.job_id, job]));
  const names = width < 600 ? 84 : 140;
  const now = Date.now() / 1000;
  const plan =
    forecast && printers
      ? chart([...printers].sort(byName), forecast.prints, state.queue.jobs, now, width - names - 8)
      : null;
  const some = plan?.rows.some((row) => row.bars.length) ? plan : null;
  const height = some ? ROW * some.rows.length + 4 : 0;
  return html`<section class="card plan" aria-label=${t('tab.plan')}>
    <${CardHead} icon="plan" title=${t('tab.plan')}>
      ${some && html`<span class="quiet">${t('plan.until', { when: format.moment(some.end, now) })}</span>
        <span class="space"></span><${Legend} />`}<//>
    <div class="pad" ref=${root}>
      ${!plan && html`<p class="quiet">${t('loading')}</p>`}
      ${plan && !some && html`<${Empty} icon="plan" title=${t('plan.empty')} text=${t('plan.empty_text')} />`}
      ${some &&
      html`<svg class="chart hours" width=${width} height=${HEAD} aria-hidden="true">
        ${some.lines.filter((line) => names + line.x < width - 40).map(
          (line) => html`<text class="grid-text" key=${line.at} x=${names + line.x + 4} y="16">
            ${format.moment(line.at, now)}</text>`,
        )}</svg>
      <svg class="chart" width=${width} height=${height} role="group" aria-label=${t('plan.label')}>
        ${some.lines.map((line) => html`<line class="grid-line" key=${line.at} x1=${names + line.x}
          x2=${names + line.x} y1="0" y2=${height} />`)}
        ${some.rows.map(
          (row, index) => html`<g key=${row.printer.printer_id} transform=${`translate(0 ${index * ROW})`}>
            <rect class="lane" x=${names} width=${width - names} height=${ROW - 6} />
            <text class="lane-name" x="0" y="22">${short(row.printer.name, names)}</text>
            ${row.bars.map((bar) => html`<${PlanBar} key=${`${bar.job_id} ${bar.start}`} bar=${bar}
              left=${names} show=${show} />`)}</g>`,
        )}
      </svg>`}
      ${forecast && !forecast.complete && html`<p class="quiet">${t('plan.more')}</p>`}
      ${forecast?.never.length > 0 &&
      html`<h3>${t('plan.never')}</h3><ul class="never">${forecast.never.map(
        (row) => html`<li key=${`${row.job_id} ${row.item}`}>
          <button type="button" class="plain" onClick=${() => show({ job: row.job_id })}>${row.job}</button>
          <span class="quiet">${t('copies.n', { n: row.copies })}</span>
          ${jobs.has(row.job_id) && html`<span class="blocked">${whyOf(jobs.get(row.job_id))}</span>`}</li>`,
      )}</ul>`}
    </div></section>`;
}

/** What the marks mean. */
function Legend() {
  return html`<ul class="legend">
    ${['now', 'clearing', 'change'].map(
      (one) => html`<li key=${one}><i class=${one}></i>${t(`plan.mark_${one}`)}</li>`,
    )}</ul>`;
}

function short(name, width) {
  const room = Math.floor(width / 7.4);
  return name.length > room ? `${name.slice(0, room - 1)}…` : name;
}

function PlanBar({ bar, left, show }) {
  const now = Date.now() / 1000;
  const label = t('plan.bar', {
    job: bar.job,
    start: format.moment(bar.start, now),
    end: format.moment(bar.end, now),
  });
  const open = () => show({ job: bar.job_id });
  return html`<g class=${`plan-bar ${bar.now ? 'now' : ''}`} style=${{ '--hue': hue(bar.job_id) }}
    role="button" tabindex="0" aria-label=${label} onClick=${open}
    onKeyDown=${(event) => event.key === 'Enter' && open()}>
    <title>${label}</title>
    <rect x=${left + bar.x} y="2" width=${bar.width} height=${ROW - 10} rx="4" />
    ${bar.clearing > 1 &&
    html`<rect class="clearing" x=${left + bar.x + bar.width} y="12" width=${bar.clearing} height="10" />`}
    ${bar.change && html`<circle cx=${left + bar.x + 3} cy="5" r="3.5" class="change" />`}
    ${bar.width > 50 &&
    html`<svg x=${left + bar.x} y="2" width=${bar.width - 4} height=${ROW - 10}>
      <text x="8" y="20">${bar.job}</text></svg>`}
  </g>`;
}
