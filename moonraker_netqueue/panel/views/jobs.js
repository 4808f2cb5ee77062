// The list of jobs: only the rows in sight are in the page.

import { html, useEffect, useLayoutEffect, useRef, useState } from '../vendor/htm-preact.js';
import { copies, inSight, matches, placeOf, shares } from '../core/queue.js';
import { format, said, t, told } from '../core/text.js';
import { BatchBar } from './batch.js';
import { Icon } from './icons.js';
import { Bar, CardHead, Chip, Empty, Menu } from './parts.js';
import { Thumbnail } from './thumbnail.js';

const NARROW = 720; // pixels of the list below which a row has two lines
const ROW = 76;
const TALL_ROW = 128;
const SETTLE = 600; // ms in which the notification of a move comes

/** What of a list is in sight, and how wide it is. */
function useSight(count) {
  const root = useRef(/** @type {any} */ (null));
  const [sight, setSight] = useState({ first: 0, last: 20, row: ROW, width: 1000 });
  useLayoutEffect(() => {
    const look = () => {
      const box = root.current?.getBoundingClientRect();
      if (!box) return;
      const row = box.width < NARROW ? TALL_ROW : ROW;
      const seen = inSight(-box.top, innerHeight, row, count);
      setSight((old) =>
        old.first === seen.first && old.last === seen.last && old.row === row
          ? old
          : { ...seen, row, width: box.width },
      );
    };
    look();
    addEventListener('scroll', look, { passive: true });
    const watch = new ResizeObserver(look);
    watch.observe(root.current);
    return () => {
      removeEventListener('scroll', look);
      watch.disconnect();
    };
  }, [count]);
  return { root, ...sight };
}

/** Rows can be dragged by their handles; `onPlaced(ids, moved)` tells the new order. */
function useDrag(list, enabled, onPlaced) {
  const placed = useRef(onPlaced);
  placed.current = onPlaced;
  const dragging = useRef(false);
  const [, redraw] = useState(0);
  useEffect(() => {
    if (!enabled) return undefined;
    let sortable = null;
    let gone = false;
    import('../vendor/sortable.js').then(() => {
      if (gone) return;
      sortable = /** @type {any} */ (globalThis).Sortable.create(list.current, {
        forceFallback: true, // the same on touch screens and with a mouse
        fallbackTolerance: 4,
        handle: '.handle',
        draggable: '.job',
        animation: 150,
        ghostClass: 'ghost',
        scroll: true,
        bubbleScroll: true,
        onStart: () => {
          dragging.current = true;
        },
        onEnd: (event) => {
          const ids = [...list.current.querySelectorAll('.job')].map((row) => row.dataset.id);
          const moved = event.item.dataset.id;
          // The list is drawn by preact: it finds its rows where it left them.
          event.from.insertBefore(
            event.item,
            event.from.children[event.oldIndex + (event.oldIndex > event.newIndex ? 1 : 0)] ?? null,
          );
          dragging.current = false;
          redraw((n) => n + 1);
          if (event.oldIndex !== event.newIndex) placed.current(ids, moved);
        },
      });
    });
    return () => {
      gone = true;
      sortable?.destroy();
    };
  }, [enabled]);
  return dragging;
}

export function Jobs({ session, actions, state, show }) {
  const [search, setSearch] = useState('');
  const [chosen, setChosen] = useState(/** @type {Set<string>} */ (new Set()));
  const [order, setOrder] = useState(/** @type {string[] | null} */ (null));
  const drawn = useRef(/** @type {any} */ (null));
  const { queue, hidden, pending } = state;
  let jobs = queue.jobs.filter((job) => !hidden.has(job.job_id));
  if (order) jobs = inGivenOrder(jobs, order);
  if (search) jobs = jobs.filter((job) => matches(job, search));
  const sight = useSight(jobs.length);
  const dragging = useDrag(sight.root, !search, async (ids, moved) => {
    const all = jobs.map((job) => job.job_id);
    const start = all.indexOf(ids.find((id) => id !== moved) ?? moved);
    const rest = all.filter((id) => id !== moved);
    const at = ids.indexOf(moved);
    const before = at > 0 ? rest.indexOf(ids[at - 1]) + 1 : Math.min(start, rest.indexOf(ids[1]));
    rest.splice(before, 0, moved);
    setOrder(rest); // until the queue says so, too
    const answer = await actions.move(moved, placeOf(ids, moved));
    setTimeout(() => setOrder(null), answer ? SETTLE : 0);
  });
  // What somebody drags must not be put back by a notification: nothing is drawn meanwhile.
  if (dragging.current && drawn.current) return drawn.current;
  const picked = jobs.filter((job) => chosen.has(job.job_id));
  const toggle = (id) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  const nudge = (job, by) => {
    const at = jobs.indexOf(job);
    const other = jobs[at + by];
    if (other) actions.move(job.job_id, by < 0 ? { before: other.job_id } : { after: other.job_id });
  };
  drawn.current = html`<section class="card jobs" aria-label=${t('tab.jobs')}>
    <${CardHead} icon="jobs" title=${t('tab.jobs')}>
      <${Totals} queue=${queue} />
      <span class="space"></span>
      ${queue.jobs.length > 5 &&
      html`<input type="search" placeholder=${t('jobs.search')} aria-label=${t('jobs.search')}
        value=${search} onInput=${(event) => setSearch(event.target.value)} />`}
      <button type="button" class="primary" onClick=${() => show({ add: [] })}>
        <${Icon} name="add" />${t('jobs.add')}</button>
    <//>
    ${pending.length > 0 && html`<p class="note">${t('pending.count', { n: pending.length })}</p>`}
    ${picked.length > 0 &&
    html`<${BatchBar} jobs=${picked} actions=${actions} onDone=${() => setChosen(new Set())}
      onAll=${() => setChosen(new Set(jobs.map((job) => job.job_id)))} />`}
    <div class="job-list" role="list" ref=${sight.root}
      style=${{
        paddingTop: `${sight.first * sight.row}px`,
        paddingBottom: `${Math.max(0, jobs.length - sight.last) * sight.row}px`,
        '--row': `${sight.row}px`,
      }}>
      ${jobs.slice(sight.first, sight.last).map(
        (job, index) => html`<${JobRow} key=${job.job_id} job=${job} session=${session}
          actions=${actions} place=${sight.first + index + 1} count=${jobs.length}
          tall=${sight.row === TALL_ROW} paused=${queue.counts.paused} chosen=${chosen.has(job.job_id)} still=${Boolean(search)}
          onChoose=${() => toggle(job.job_id)} onNudge=${(by) => nudge(job, by)} show=${show} />`,
      )}
    </div>
    ${jobs.length === 0 &&
    (search
      ? html`<${Empty} icon="jobs" title=${t('jobs.none_found')} text="" />`
      : html`<${Empty} icon="jobs" title=${t('jobs.empty')} text=${t('jobs.empty_text')}>
          <button type="button" class="primary" onClick=${() => show({ add: [] })}>
            <${Icon} name="upload" />${t('jobs.add')}</button><//>`)}
  </section>`;
  return drawn.current;
}

function inGivenOrder(jobs, order) {
  const place = new Map(order.map((id, index) => [id, index]));
  return [...jobs].sort((a, b) => (place.get(a.job_id) ?? 1e9) - (place.get(b.job_id) ?? 1e9));
}

function Totals({ queue }) {
  let owed = 0;
  let printing = 0;
  for (const job of queue.jobs) {
    const sum = copies(job);
    owed += sum.owed;
    printing += sum.printing;
  }
  if (!queue.jobs.length) return null;
  return html`<span class="quiet">${t('jobs.totals', { n: queue.jobs.length, owed, printing })}</span>`;
}

/** The line below a name: what happens next with this job. */
function nextOf(job) {
  const now = Date.now() / 1000;
  if (job.starts && !job.hold) {
    const when = format.moment(job.starts.at, now);
    return t('jobs.starts', { when, printer: job.starts.printer });
  }
  return '';
}

/** Why it waits, where that it waits is said already. */
export const whyOf = (job) => said(job.phrases.why?.what, job.why.replace(/^waiting: /, ''));

function JobRow({ job, session, actions, place, count, tall, paused, chosen, still, onChoose, onNudge, show }) {
  const sum = copies(job);
  const kinds = ['printing', 'failed', 'lost', 'reserved', 'owed'].filter((kind) => sum[kind]);
  const told_ = kinds.map((kind) => t(`copies.${kind}`, { n: sum[kind] }));
  const done = t('copies.done_of', { n: sum.done, wanted: sum.wanted });
  const onKey = (event) => {
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
    event.preventDefault();
    onNudge(event.key === 'ArrowUp' ? -1 : 1);
  };
  // That the queue is paused stands above all of them.
  const why = paused && job.phrases.why?.what?.code === 'paused_resume' ? '' : whyOf(job);
  const next = nextOf(job);
  return html`<div class=${`job ${tall ? 'tall' : ''} ${chosen ? 'chosen' : ''}`} role="listitem"
    aria-posinset=${place} aria-setsize=${count} data-id=${job.job_id}>
    <button type="button" class="handle" disabled=${still} onKeyDown=${onKey}
      aria-label=${t('jobs.handle', { name: job.name })} title=${t('jobs.handle_hint')}>
      <${Icon} name="drag" /></button>
    <label class="choose"><input type="checkbox" aria-label=${t('jobs.choose', { name: job.name })}
      checked=${chosen} onChange=${onChoose} /></label>
    <${Thumbnail} session=${session} item=${job.items[0]} />
    <div class="job-what">
      <div class="job-name">
        <button type="button" class="plain" title=${said(job.phrases.why, job.why)}
          onClick=${() => show({ job: job.job_id })}>
          ${job.name}</button>
        <${JobChips} job=${job} />
      </div>
      <div class="job-why">
        ${next && html`<span class="when"><${Icon} name="clock" />${next}</span>`}
        ${why && html`<span class=${job.starts ? 'quiet' : 'blocked'}>${why}</span>`}
        ${!next && !why && html`<span class="quiet">${told('job', job.state)}</span>`}
      </div>
    </div>
    <div class="job-copies">
      <div class="numbers"><strong>${done}</strong><span class="quiet">${kinds.map(
        (kind, at) => html`${at ? ' · ' : ''}<span class=${kind}>${told_[at]}</span>`,
      )}</span></div>
      <${Bar} parts=${shares(job)} label=${[done, ...told_].join(', ')} />
    </div>
    <${Menu} label=${t('jobs.menu', { name: job.name })} entries=${[
      { label: t('jobs.edit'), icon: 'settings', act: () => show({ job: job.job_id }) },
      job.hold
        ? { label: t('jobs.release'), icon: 'play', act: () => actions.edit(job, { hold: false }) }
        : { label: t('jobs.hold'), icon: 'pause', act: () => actions.edit(job, { hold: true }) },
      { label: t('jobs.front'), icon: 'upload', act: () => actions.move(job.job_id, { to: 'front' }) },
      { label: t('jobs.back'), icon: 'jobs', act: () => actions.move(job.job_id, { to: 'back' }) },
      { label: t('jobs.remove'), icon: 'remove', danger: true, act: () => actions.remove([job]) },
    ]} />
  </div>`;
}

function JobChips({ job }) {
  const now = Date.now() / 1000;
  const kit = job.items.length > 1;
  return html`${job.hold && html`<${Chip} kind="warning" icon="pause">${t('jobs.on_hold')}<//>`}
    ${job.priority !== 0 &&
    html`<${Chip} title=${t('job.priority')}>${job.priority > 0 ? '+' : ''}${job.priority}<//>`}
    ${job.due &&
    html`<${Chip} kind=${job.due < now ? 'error' : ''} icon="clock">
      ${t('jobs.due', { when: format.moment(job.due, now) })}<//>`}
    ${kit && html`<${Chip} kind="kit" icon="cube">${t('jobs.kit', { n: job.items.length })}<//>`}
    ${job.owner && html`<span class="quiet owner">${job.owner}</span>`}
    ${job.note && html`<span class="quiet note-mark" title=${job.note}>“${job.note}”</span>`}`;
}
