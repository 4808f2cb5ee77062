// Small parts that all views are made of.

import { createContext, html, useContext, useEffect, useRef, useState } from '../vendor/htm-preact.js';
import { t } from '../core/text.js';
import { Icon } from './icons.js';

/** A button with an icon and no words: `label` is read aloud and shown as a hint. */
export function IconButton({ icon, label, onClick, ...rest }) {
  return html`<button type="button" class="icon-button" title=${label} aria-label=${label}
    onClick=${onClick} ...${rest}><${Icon} name=${icon} /></button>`;
}

export function Chip({ kind = '', icon = '', title = '', children }) {
  return html`<span class=${`chip ${kind}`} title=${title}>
    ${icon && html`<${Icon} name=${icon} />`}${children}</span>`;
}

/** The bar above a card: what it holds, and what can be done with all of it. */
export function CardHead({ icon, title, children }) {
  return html`<header class="card-head"><${Icon} name=${icon} /><h2>${title}</h2>${children}</header>`;
}

/** A place with nothing in it: what it is for, and what to do. */
export function Empty({ icon, title, text, children }) {
  return html`<div class="empty"><${Icon} name=${icon} /><h2>${title}</h2><p>${text}</p>
    ${children}</div>`;
}

/** What is said to people, for the window that is on top. */
export const Said = createContext(/** @type {any} */ (null));

/** A window above the page. Escape and a click beside it close it. */
export function Dialog({ title, onClose, wide = false, children, actions }) {
  const box = useRef(/** @type {any} */ (null));
  const said = useContext(Said);
  useEffect(() => {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    box.current.showModal();
    said.raise(box);
    return () => {
      said.lower(box);
      before?.focus?.();
    };
  }, []);
  const onDown = (event) => {
    if (event.target === box.current) onClose();
  };
  const onCancel = (event) => {
    event.preventDefault();
    onClose();
  };
  return html`<dialog ref=${box} class=${wide ? 'wide' : ''} aria-label=${title}
    onMouseDown=${onDown} onCancel=${onCancel}>
    <div class="dialog">
      <header><h2>${title}</h2>
        <${IconButton} icon="close" label=${t('close')} onClick=${onClose} /></header>
      <div class="content">${children}</div>
      <${Toasts} layer=${box} />
      ${actions && html`<footer>${actions}</footer>`}
    </div>
  </dialog>`;
}

/** A list of things to do behind a button. `entries`: {label, icon, act, danger}. */
export function Menu({ label, icon = 'more', entries }) {
  const [open, setOpen] = useState(false);
  const root = useRef(/** @type {any} */ (null));
  useEffect(() => {
    if (!open) return undefined;
    const outside = (event) => {
      if (!root.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener('pointerdown', outside);
    root.current.querySelector('[role=menuitem]')?.focus();
    return () => document.removeEventListener('pointerdown', outside);
  }, [open]);
  const onKey = (event) => {
    if (!open) return;
    const items = [...root.current.querySelectorAll('[role=menuitem]')];
    const at = items.indexOf(document.activeElement);
    if (event.key === 'ArrowDown') items[(at + 1) % items.length].focus();
    else if (event.key === 'ArrowUp') items[(at - 1 + items.length) % items.length].focus();
    else if (event.key === 'Escape') {
      setOpen(false);
      root.current.querySelector('button').focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<div class="menu" ref=${root} onKeyDown=${onKey}>
    <${IconButton} icon=${icon} label=${label} aria-haspopup="menu" aria-expanded=${String(open)}
      onClick=${() => setOpen(!open)} />
    ${open && html`<div class="menu-list" role="menu" aria-label=${label}>
      ${entries.filter(Boolean).map(
        (entry) => html`<button type="button" role="menuitem" key=${entry.label}
          class=${entry.danger ? 'danger' : ''} onClick=${() => {
            setOpen(false);
            entry.act();
          }}>${entry.icon && html`<${Icon} name=${entry.icon} />`}${entry.label}</button>`,
      )}</div>`}
  </div>`;
}

export function Field({ label, hint = '', children }) {
  return html`<label class="field"><span>${label}</span>${children}
    ${hint && html`<small>${hint}</small>`}</label>`;
}

/** done, printing and lost copies as one bar. */
export function Bar({ parts, label }) {
  return html`<div class="bar" role="img" aria-label=${label}>
    ${Object.entries(parts).map(
      ([kind, percent]) =>
        html`<span key=${kind} class=${kind} style=${{ width: `${percent}%` }}></span>`,
    )}</div>`;
}

/** What was said; in the window on top, for all else cannot be clicked. */
export function Toasts({ layer = null }) {
  const actions = useContext(Said);
  const [, redraw] = useState(0);
  useEffect(() => actions.watch(() => redraw((n) => n + 1)), []);
  if (actions.top !== layer) return null;
  return html`<div class="toasts" role="status" aria-live="polite">
    ${actions.toasts.map(
      (toast) => html`<div class=${`toast ${toast.error ? 'error' : ''}`} key=${toast.id}>
        <span>${toast.text}</span>
        ${toast.act && html`<button type="button" class="text" onClick=${toast.act}>
          ${toast.label}</button>`}
        <${IconButton} icon="close" label=${t('close')}
          onClick=${() => actions.unsay(toast.id)} /></div>`,
    )}</div>`;
}
