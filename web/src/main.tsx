import { render } from "preact";
import "./ui/tokens.css";
import "./ui/base.css";
import "./ui/controls.css";
import "./ui/content.css";
import "./ui/table.css";
import "./pages/pages.css";
import "./pages/records.css";
import { App } from "./app.tsx";

const root = document.getElementById("app");
if (root) render(<App />, root);
