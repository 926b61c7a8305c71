/** A WebGL view that turns and zooms, draws only when something changed, and frees what it took. */

import * as three from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";

export interface Stage {
  /** Show this object, seen whole. */
  readonly show: (object: three.Object3D) => void;
  /** Draw on the ground of the theme as it is now. */
  readonly repaint: () => void;
  readonly close: () => void;
}

/** Put a view into an element. Throws when the browser has no WebGL. */
export function openStage(element: HTMLElement): Stage {
  const renderer = new three.WebGLRenderer({ antialias: true, alpha: true, preserveDrawingBuffer: true });
  renderer.setPixelRatio(Math.min(2, window.devicePixelRatio));
  const scene = new three.Scene();
  const camera = new three.PerspectiveCamera(45, 1, 0.01, 1000);
  const light = new three.DirectionalLight(0xffffff, 2);
  camera.add(light);
  scene.add(camera, new three.AmbientLight(0xffffff, 1.2));
  light.position.set(0.5, 1, 1);
  element.append(renderer.domElement);
  const controls = new OrbitControls(camera, renderer.domElement);
  // The wheel scrolls the page until the view was clicked.
  controls.enableZoom = false;
  renderer.domElement.addEventListener("pointerdown", () => (controls.enableZoom = true));
  renderer.domElement.addEventListener("pointerleave", () => (controls.enableZoom = false));

  let planned = 0;
  const draw = (): void => {
    planned = 0;
    renderer.render(scene, camera);
  };
  const repaint = (): void => {
    planned ||= requestAnimationFrame(draw);
  };
  controls.addEventListener("change", repaint);
  const fit = (): void => {
    const { clientWidth: width, clientHeight: height } = element;
    if (width === 0 || height === 0) return;
    renderer.setSize(width, height);
    camera.aspect = width / height;
    camera.updateProjectionMatrix();
    repaint();
  };
  const observer = new ResizeObserver(fit);
  observer.observe(element);

  let shown: three.Object3D | null = null;
  return {
    show: (object) => {
      if (shown) dispose(scene, shown);
      shown = object;
      scene.add(object);
      fit();
      frame(camera, controls, object);
      repaint();
    },
    repaint,
    close: () => {
      cancelAnimationFrame(planned);
      observer.disconnect();
      controls.dispose();
      if (shown) dispose(scene, shown);
      renderer.dispose();
      renderer.forceContextLoss();
      renderer.domElement.remove();
    },
  };
}

/** Move the camera so that the whole object is in view, seen a little from above. */
function frame(camera: three.PerspectiveCamera, controls: OrbitControls, object: three.Object3D): void {
  const box = new three.Box3().setFromObject(object);
  if (box.isEmpty()) return;
  const sphere = box.getBoundingSphere(new three.Sphere());
  const reach = Math.max(sphere.radius, 1e-6);
  // The narrower of both angles of view counts.
  const half = Math.atan(Math.tan((camera.fov * Math.PI) / 360) * Math.min(1, camera.aspect));
  const distance = (reach / Math.sin(half)) * 1.05;
  camera.near = distance / 1000;
  camera.far = distance * 100;
  camera.position.copy(sphere.center).add(new three.Vector3(0.5, 0.45, 1).normalize().multiplyScalar(distance));
  camera.updateProjectionMatrix();
  controls.target.copy(sphere.center);
  controls.update();
}

function dispose(scene: three.Scene, object: three.Object3D): void {
  scene.remove(object);
  object.traverse((part) => {
    if (part instanceof three.Mesh || part instanceof three.Points || part instanceof three.Line) {
      (part.geometry as three.BufferGeometry).dispose();
      for (const material of [part.material].flat() as three.Material[]) material.dispose();
    }
  });
}
