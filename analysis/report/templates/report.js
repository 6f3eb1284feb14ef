"use strict";
const plots = JSON.parse(document.getElementById("plots").textContent);
const card = document.getElementById("card");

function place(event) {
  const edge = 12;
  const right = event.clientX + edge + card.offsetWidth;
  const bottom = event.clientY + edge + card.offsetHeight;
  const left = right > innerWidth ? event.clientX - edge - card.offsetWidth : event.clientX + edge;
  const top = bottom > innerHeight ? event.clientY - edge - card.offsetHeight : event.clientY + edge;
  card.style.left = `${Math.max(0, left)}px`;
  card.style.top = `${Math.max(0, top)}px`;
}

function show(hover) {
  const [base, sample, text] = hover.points[0].customdata;
  for (const [id, name] of [["card-base", base], ["card-sample", sample]]) {
    const image = document.getElementById(id);
    image.hidden = !(name in plots.images);
    if (!image.hidden) image.src = plots.images[name];
  }
  document.getElementById("card-text").textContent = text;
  card.hidden = false;
  place(hover.event);
}

for (const area of document.querySelectorAll("[data-plot]")) {
  const plot = plots.plots[area.dataset.plot];
  area.hidden = false;
  area.parentElement.querySelector(".drawing").hidden = true;
  Plotly.newPlot(area, plot.data, plot.layout, { displayModeBar: false, responsive: true }).then(() => {
    area.on("plotly_hover", show);
    area.on("plotly_unhover", () => { card.hidden = true; });
  });
}

for (const button of document.querySelectorAll("[data-opens]")) {
  button.addEventListener("click", () => document.getElementById(button.dataset.opens).showModal());
}
