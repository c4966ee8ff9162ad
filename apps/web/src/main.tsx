// Starts the page: one Preact tree in #page.
import { render } from 'preact';
import { Page } from './views/page.tsx';
import './page.css';

render(<Page />, document.getElementById('page')!);
