import { soundIn } from "../sound.mjs";

soundIn("phone");
