import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { Session } from "./Session";
import "../style.css";
import "./demo.css";

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <Session>
      <App />
    </Session>
  </StrictMode>,
);
