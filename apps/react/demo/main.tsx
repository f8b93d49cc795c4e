import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { HeadwayProvider } from "../src";
import { App } from "./App";
import "../style.css";
import "./demo.css";

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <HeadwayProvider url="">
      <App />
    </HeadwayProvider>
  </StrictMode>,
);
