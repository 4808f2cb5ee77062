import js from '@eslint/js';
import globals from 'globals';

export default [
  { ignores: ['moonraker_netqueue/panel/vendor/'] },
  js.configs.recommended,
  {
    files: ['moonraker_netqueue/panel/**/*.js'],
    languageOptions: { globals: globals.browser },
    rules: {
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'max-lines': ['error', 400],
      complexity: ['error', 32],
      'no-unused-vars': ['error', { varsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['tests/panel/**/*.js', 'bench/*.js'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
    rules: { eqeqeq: 'error', 'no-var': 'error', 'prefer-const': 'error' },
  },
  // A language is one file, however much the page has to say.
  { files: ['moonraker_netqueue/panel/strings/*.js'], rules: { 'max-lines': 'off' } },
];
