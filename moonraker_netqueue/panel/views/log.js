// The audit log: who changed what, and what was refused.

import { html, useEffect, useState } from '../vendor/htm-preact.js';
import { format, heard, t } from '../core/text.js';
import { CardHead, Chip, Empty } from './parts.js';

const PAGE = 100;

export function Log({ session, state }) {
  const [events, setEvents] = useState(/** @type {any[] | null} */ (null));
  const [end, setEnd] = useState(false);
  const read = async (before = null) => {
    const params = before === null ? { limit: PAGE } : { limit: PAGE, before };
    const answer = await session.call('events', params).catch(() => ({ events: [] }));
    const last = answer.events[answer.events.length - 1]?.index ?? 0;
    setEvents((old) =>
      before === null
        ? [...answer.events, ...(old ?? []).filter((event) => event.index < last)]
        : [...(old ?? []), ...answer.events],
    );
    if (before !== null || answer.events.length < PAGE) setEnd(answer.events.length < PAGE);
  };
  useEffect(() => {
    read();
  }, [state.name, state.queue?.revision]);
  const now = Date.now() / 1000;
  if (!events) return html`<section class="card"><p class="quiet pad">${t('loading')}</p></section>`;
  return html`<section class="card" aria-label=${t('tab.log')}>
    <${CardHead} icon="log" title=${t('tab.log')} />
    ${!events.length && html`<${Empty} icon="log" title=${t('log.empty')} text="" />`}
    <ol class="log">${events.map(
      (event) => html`<li key=${event.index}>
        <time>${format.moment(event.at, now)}</time>
        <span class="log-what">${heard(event.what)}
          ${event.refused && html` <${Chip} kind="error">${t('log.refused', { rule: heard(event.refused) })}<//>`}</span>
        <span class="quiet">${[event.who, event.address, event.host].filter(Boolean).join(' · ')}</span></li>`,
    )}</ol>
    ${events.length > 0 && !end &&
    html`<div class="acts pad"><button type="button" class="outlined"
      onClick=${() => read(events[events.length - 1].index)}>${t('log.more')}</button></div>`}
  </section>`;
}
