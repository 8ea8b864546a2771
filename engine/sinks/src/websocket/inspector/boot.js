// Runs before the first paint, so that the page does not come up in the wrong colours: theme and
// language as they were chosen, else as the browser has them. `app.js` switches them.
(() => {
  const root = document.documentElement;
  let kept = {};
  try {
    kept = { theme: localStorage.getItem("zaraba.theme"), language: localStorage.getItem("zaraba.language") };
  } catch {
    // Storage may be closed to pages; then nothing is kept.
  }
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const wanted = kept.theme === "dark" || kept.theme === "light" ? kept.theme : null;
  root.dataset.theme = wanted ?? (dark.matches ? "dark" : "light");
  if (!wanted) {
    dark.addEventListener("change", () => {
      if (!root.dataset.chosen) root.dataset.theme = dark.matches ? "dark" : "light";
    });
  }
  const known = ["en", "ja"];
  const asked = [kept.language, ...(navigator.languages ?? [navigator.language])];
  root.lang = asked.map((l) => String(l ?? "").slice(0, 2)).find((l) => known.includes(l)) ?? "en";
})();
