// Stacked bars of usage, in the colours of the page. https://www.chartjs.org/docs/
"use strict";

const dark = matchMedia("(prefers-color-scheme: dark)");

function drawn(canvas) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const data = JSON.parse(canvas.dataset.chart);
  const money = canvas.dataset.measure === "cost_usd";
  const form = new Intl.NumberFormat(undefined, money ? { style: "currency", currency: "USD" } : { notation: "compact" });
  const exact = new Intl.NumberFormat(undefined, money ? { style: "currency", currency: "USD", maximumFractionDigits: 6 } : {});
  return new Chart(canvas, {
    type: "bar",
    data: {
      labels: data.labels,
      datasets: data.sets.map((each, n) => ({
        label: each.label, data: each.data, backgroundColor: colour(`--c${n + 1}`), borderRadius: 2, maxBarThickness: 48,
      })),
    },
    options: {
      responsive: true, maintainAspectRatio: false, animation: false,
      interaction: { mode: "index", intersect: false },
      scales: {
        x: { stacked: true, grid: { display: false }, ticks: { color: colour("--soft"), maxRotation: 0, autoSkip: true } },
        y: {
          stacked: true, beginAtZero: true, grid: { color: colour("--line") }, border: { display: false },
          ticks: { color: colour("--soft"), precision: money ? undefined : 0, callback: (value) => form.format(value) },
        },
      },
      plugins: {
        legend: { position: "bottom", labels: { color: colour("--text"), boxWidth: 12, boxHeight: 12 } },
        tooltip: {
          filter: (item) => item.raw > 0,
          callbacks: { label: (item) => `${item.dataset.label}: ${exact.format(item.raw)}` },
        },
      },
    },
  });
}

let charts = [];
function draw() {
  charts.forEach((each) => each.destroy());
  charts = [...document.querySelectorAll("canvas[data-chart]")].map(drawn);
}
draw();
dark.addEventListener("change", draw);
