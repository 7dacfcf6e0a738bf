/** Entry of `widget.js`, a classic script: `<script src="https://…/widget.js" async></script>`. */
import { define } from './element.ts'

// Known only while the script runs.
const script = document.currentScript
const origin = script instanceof HTMLScriptElement && script.src ? new URL(script.src).origin : location.origin

if (document.body) define(origin)
else document.addEventListener('DOMContentLoaded', () => define(origin), { once: true })
