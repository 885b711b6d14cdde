// SPDX-License-Identifier: Apache-2.0
// main.tsx - starts the dashboard.
import { render } from 'preact';
import { App } from './components/app';

const root = document.getElementById('app');
if (root) render(<App />, root);
