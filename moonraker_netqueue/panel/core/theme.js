// Dark as Mainsail, light, or what the dashboard around us has.

const CHOSEN = 'netqueue.theme';
export const THEMES = ['auto', 'dark', 'light', 'system'];
export const embedded = new URLSearchParams(location.search).has('embed');

export const chosenTheme = () => localStorage.getItem(CHOSEN) ?? 'auto';

/** The document of the dashboard that shows us, if we may look at it. */
function dashboard() {
  if (!embedded || parent === window) return null;
  try {
    return parent.document;
  } catch {
    return null; // another origin
  }
}

/** What a dashboard's colours say; null where it says nothing. */
export function themeOf(outer) {
  if (!outer) return null;
  const app = outer.querySelector('.v-application, #app') ?? outer.body;
  const style = getComputedStyle(app);
  const dark = outer.querySelector('.theme--dark, .v-theme--dark');
  const light = outer.querySelector('.theme--light, .v-theme--light');
  return {
    dark: dark !== null || light === null,
    primary: style.getPropertyValue('--v-primary-base').trim(),
  };
}

export function applyTheme() {
  const root = document.documentElement;
  const outer = dashboard();
  const found = themeOf(outer);
  const chosen = chosenTheme();
  const system = !matchMedia('(prefers-color-scheme: light)').matches;
  const dark =
    { dark: true, light: false, system, auto: found?.dark ?? true }[chosen] ?? true;
  root.dataset.theme = dark ? 'dark' : 'light';
  root.classList.toggle('embedded', embedded);
  if (found?.primary) root.style.setProperty('--primary', found.primary);
  return outer;
}

/** Follow the dashboard and the system from now on. */
export function followTheme() {
  const outer = applyTheme();
  matchMedia('(prefers-color-scheme: light)').addEventListener('change', applyTheme);
  if (outer) {
    const watch = new MutationObserver(applyTheme);
    const app = outer.querySelector('.v-application, #app') ?? outer.body;
    watch.observe(app, { attributes: true, attributeFilter: ['class', 'style'] });
  }
}

export function chooseTheme(theme) {
  localStorage.setItem(CHOSEN, theme);
  applyTheme();
}
