/**
 * Kernels for training and inference that work on TensorFlow.js's own WebAssembly memory. Pointers are byte offsets, matrices are row-major float32. Built twice,
 * with and without relaxed SIMD (a fused multiply-add where the engine has it).
 *
 * Shape letters: B sequences, T positions, N = B·T, C channels, H query heads, G query heads per key-value head, D channels per head.
 */

@inline
function fma(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c)
}

@inline
function sumLanes(a: v128): f32 {
  return f32x4.extract_lane(a, 0) + f32x4.extract_lane(a, 1) + f32x4.extract_lane(a, 2) + f32x4.extract_lane(a, 3)
}

/** e^x for x <= 0, to about 1e-7. */
@inline
function expNegative(x: f32): f32 {
  if (x < -80) return 0
  let t = x * 1.44269504
  let i = Mathf.floor(t)
  let f = (t - i) * 0.69314718
  let p: f32 = 1 + f * (1 + f * (0.5 + f * (0.16666667 + f * (0.041666667 + f * (0.0083333333 + f * 0.0013888889)))))
  return p * reinterpret<f32>((<i32>i + 127) << 23)
}

/** c[n] (M, N) = a[n] (M, K) · b[n] (K, N); M divisible by 4, N by 8. */
export function matmul(a: usize, b: usize, c: usize, count: i32, M: i32, K: i32, N: i32): void {
  let NB = <usize>N << 2
  let KB = <usize>K << 2
  for (let n = 0; n < count; n++) {
    let a0 = a + <usize>n * M * KB
    let b0 = b + <usize>n * K * NB
    let c0 = c + <usize>n * M * NB
    for (let m = 0; m < M; m += 4) {
      let q0 = a0 + <usize>m * KB
      let q1 = q0 + KB
      let q2 = q1 + KB
      let q3 = q2 + KB
      for (let j = 0; j < N; j += 8) {
        let x0 = f32x4.splat(0)
        let x1 = x0, x2 = x0, x3 = x0, y0 = x0, y1 = x0, y2 = x0, y3 = x0
        let p = b0 + (<usize>j << 2)
        for (let k: usize = 0; k < KB; k += 4) {
          let w0 = v128.load(p)
          let w1 = v128.load(p, 16)
          p += NB
          let v = v128.load32_splat(q0 + k)
          x0 = fma(w0, v, x0)
          y0 = fma(w1, v, y0)
          v = v128.load32_splat(q1 + k)
          x1 = fma(w0, v, x1)
          y1 = fma(w1, v, y1)
          v = v128.load32_splat(q2 + k)
          x2 = fma(w0, v, x2)
          y2 = fma(w1, v, y2)
          v = v128.load32_splat(q3 + k)
          x3 = fma(w0, v, x3)
          y3 = fma(w1, v, y3)
        }
        let o = c0 + <usize>m * NB + (<usize>j << 2)
        v128.store(o, x0)
        v128.store(o, y0, 16)
        o += NB
        v128.store(o, x1)
        v128.store(o, y1, 16)
        o += NB
        v128.store(o, x2)
        v128.store(o, y2, 16)
        o += NB
        v128.store(o, x3)
        v128.store(o, y3, 16)
      }
    }
  }
}

/** c[n] (M, N) = a[n]ᵀ · b[n] with a[n] (K, M), b[n] (K, N); M divisible by 4, N by 8. K is taken in blocks that stay in cache. */
export function matmulTransposedA(a: usize, b: usize, c: usize, count: i32, M: i32, K: i32, N: i32): void {
  let NB = <usize>N << 2
  let MB = <usize>M << 2
  for (let n = 0; n < count; n++) {
    let a0 = a + <usize>n * K * MB
    let b0 = b + <usize>n * K * NB
    let c0 = c + <usize>n * M * NB
    for (let k0 = 0; k0 < K; k0 += 128) {
      let kn = min(k0 + 128, K) - k0
      for (let m = 0; m < M; m += 4) {
        for (let j = 0; j < N; j += 8) {
          let o = c0 + <usize>m * NB + (<usize>j << 2)
          let x0 = f32x4.splat(0)
          let x1 = x0, x2 = x0, x3 = x0, y0 = x0, y1 = x0, y2 = x0, y3 = x0
          if (k0) {
            let o1 = o
            x0 = v128.load(o1)
            y0 = v128.load(o1, 16)
            o1 += NB
            x1 = v128.load(o1)
            y1 = v128.load(o1, 16)
            o1 += NB
            x2 = v128.load(o1)
            y2 = v128.load(o1, 16)
            o1 += NB
            x3 = v128.load(o1)
            y3 = v128.load(o1, 16)
          }
          let p = b0 + <usize>k0 * NB + (<usize>j << 2)
          let q = a0 + <usize>k0 * MB + (<usize>m << 2)
          for (let k = 0; k < kn; k++) {
            let w0 = v128.load(p)
            let w1 = v128.load(p, 16)
            p += NB
            let v = v128.load32_splat(q)
            x0 = fma(w0, v, x0)
            y0 = fma(w1, v, y0)
            v = v128.load32_splat(q, 4)
            x1 = fma(w0, v, x1)
            y1 = fma(w1, v, y1)
            v = v128.load32_splat(q, 8)
            x2 = fma(w0, v, x2)
            y2 = fma(w1, v, y2)
            v = v128.load32_splat(q, 12)
            x3 = fma(w0, v, x3)
            y3 = fma(w1, v, y3)
            q += MB
          }
          v128.store(o, x0)
          v128.store(o, y0, 16)
          o += NB
          v128.store(o, x1)
          v128.store(o, y1, 16)
          o += NB
          v128.store(o, x2)
          v128.store(o, y2, 16)
          o += NB
          v128.store(o, x3)
          v128.store(o, y3, 16)
        }
      }
    }
  }
}

/** out[n] (C, R) = x[n] (R, C) transposed; R and C divisible by 4. */
export function transpose(x: usize, out: usize, count: i32, R: i32, C: i32): void {
  let CB = <usize>C << 2
  let RB = <usize>R << 2
  for (let n = 0; n < count; n++) {
    let x0 = x + ((<usize>n * R * C) << 2)
    let o0 = out + ((<usize>n * R * C) << 2)
    for (let r = 0; r < R; r += 4) {
      let r0 = x0 + ((<usize>r * C) << 2)
      for (let c = 0; c < C; c += 4) {
        let p = r0 + (<usize>c << 2)
        let a = v128.load(p)
        let b = v128.load(p + CB)
        let d = v128.load(p + 2 * CB)
        let e = v128.load(p + 3 * CB)
        let t0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5)
        let t1 = v128.shuffle<f32>(a, b, 2, 6, 3, 7)
        let t2 = v128.shuffle<f32>(d, e, 0, 4, 1, 5)
        let t3 = v128.shuffle<f32>(d, e, 2, 6, 3, 7)
        let q = o0 + <usize>c * RB + (<usize>r << 2)
        v128.store(q, v128.shuffle<f32>(t0, t2, 0, 1, 4, 5))
        v128.store(q + RB, v128.shuffle<f32>(t0, t2, 2, 3, 6, 7))
        v128.store(q + 2 * RB, v128.shuffle<f32>(t1, t3, 0, 1, 4, 5))
        v128.store(q + 3 * RB, v128.shuffle<f32>(t1, t3, 2, 3, 6, 7))
      }
    }
  }
}

/** p (B, H, T, T) = causal softmax of scale·s; position i of row b sees only positions from starts[b, i] on. */
export function softmax(s: usize, p: usize, starts: usize, B: i32, H: i32, T: i32, scale: f32): void {
  let TB = <usize>T << 2
  memory.fill(p, 0, <usize>B * H * T * TB)
  for (let b = 0; b < B; b++)
    for (let h = 0; h < H; h++)
      for (let i = 0; i < T; i++) {
        let from = load<i32>(starts + (<usize>(b * T + i) << 2))
        let row = <usize>((b * H + h) * T + i) * TB
        let sr = s + row
        let pr = p + row
        let top: f32 = -1e30
        for (let j = from; j <= i; j++) top = max(top, load<f32>(sr + (<usize>j << 2)))
        let sum: f32 = 0
        for (let j = from; j <= i; j++) {
          let e = expNegative((load<f32>(sr + (<usize>j << 2)) - top) * scale)
          sum += e
          store<f32>(pr + (<usize>j << 2), e)
        }
        let r: f32 = 1 / sum
        for (let j = from; j <= i; j++) {
          let q = pr + (<usize>j << 2)
          store<f32>(q, load<f32>(q) * r)
        }
      }
}

export function softmaxGradient(p: usize, g: usize, d: usize, starts: usize, B: i32, H: i32, T: i32, scale: f32): void {
  let TB = <usize>T << 2
  memory.fill(d, 0, <usize>B * H * T * TB)
  for (let b = 0; b < B; b++)
    for (let h = 0; h < H; h++)
      for (let i = 0; i < T; i++) {
        let from = load<i32>(starts + (<usize>(b * T + i) << 2))
        let row = <usize>((b * H + h) * T + i) * TB
        let sum: f32 = 0
        for (let j = from; j <= i; j++) {
          let o = row + (<usize>j << 2)
          sum += load<f32>(p + o) * load<f32>(g + o)
        }
        for (let j = from; j <= i; j++) {
          let o = row + (<usize>j << 2)
          store<f32>(d + o, scale * load<f32>(p + o) * (load<f32>(g + o) - sum))
        }
      }
}

/** y (N, C) = x / rms(x) · w; r (N) keeps 1 / rms for the gradient. */
export function rmsNorm(x: usize, w: usize, y: usize, r: usize, N: i32, C: i32, epsilon: f32): void {
  let CB = <usize>C << 2
  for (let n = 0; n < N; n++) {
    let xn = x + <usize>n * CB
    let yn = y + <usize>n * CB
    let a = f32x4.splat(0)
    for (let j: usize = 0; j < CB; j += 16) {
      let t = v128.load(xn + j)
      a = fma(t, t, a)
    }
    let rn: f32 = 1 / Mathf.sqrt(sumLanes(a) / <f32>C + epsilon)
    store<f32>(r + (<usize>n << 2), rn)
    let rv = f32x4.splat(rn)
    for (let j: usize = 0; j < CB; j += 16) v128.store(yn + j, f32x4.mul(f32x4.mul(v128.load(xn + j), rv), v128.load(w + j)))
  }
}

export function rmsNormGradient(x: usize, w: usize, r: usize, g: usize, dx: usize, dw: usize, N: i32, C: i32): void {
  let CB = <usize>C << 2
  memory.fill(dw, 0, CB)
  for (let n = 0; n < N; n++) {
    let row = <usize>n * CB
    let rn = load<f32>(r + (<usize>n << 2))
    let rv = f32x4.splat(rn)
    let a = f32x4.splat(0)
    for (let j: usize = 0; j < CB; j += 16) {
      let xg = f32x4.mul(v128.load(x + row + j), v128.load(g + row + j))
      v128.store(dw + j, fma(xg, rv, v128.load(dw + j)))
      a = fma(xg, v128.load(w + j), a)
    }
    let c = f32x4.splat((-sumLanes(a) * rn * rn * rn) / <f32>C)
    for (let j: usize = 0; j < CB; j += 16)
      v128.store(dx + row + j, fma(v128.load(x + row + j), c, f32x4.mul(f32x4.mul(v128.load(g + row + j), v128.load(w + j)), rv)))
  }
}

/** 1 / (1 + e^-x) */
@inline
function sigmoid(x: f32): f32 {
  let e = expNegative(-Mathf.abs(x))
  return x >= 0 ? 1 / (1 + e) : e / (1 + e)
}

/** y = gate · sigmoid(gate) · up, elementwise over n. */
export function swiglu(gate: usize, up: usize, y: usize, n: i32): void {
  for (let i: usize = 0; i < <usize>n << 2; i += 4) {
    let a = load<f32>(gate + i)
    store<f32>(y + i, a * sigmoid(a) * load<f32>(up + i))
  }
}

export function swigluGradient(gate: usize, up: usize, g: usize, dGate: usize, dUp: usize, n: i32): void {
  for (let i: usize = 0; i < <usize>n << 2; i += 4) {
    let a = load<f32>(gate + i)
    let s = sigmoid(a)
    let gi = load<f32>(g + i)
    store<f32>(dUp + i, gi * a * s)
    store<f32>(dGate + i, gi * load<f32>(up + i) * s * (1 + a * (1 - s)))
  }
}

/**
 * Token shift: of each row of x (N, C) the first quarter of channels comes from one position earlier, the second quarter from two earlier; zero
 * where that lies before the sequence's start. With `back` the gradient.
 */
export function shift(x: usize, y: usize, starts: usize, B: i32, T: i32, C: i32, back: i32): void {
  let CB = <usize>C << 2
  let quarter = CB >> 2
  for (let b = 0; b < B; b++)
    for (let t = 0; t < T; t++) {
      let n = b * T + t
      let row = <usize>n * CB
      memory.copy(y + row + 2 * quarter, x + row + 2 * quarter, 2 * quarter)
      for (let by = 1; by <= 2; by++) {
        let part = row + <usize>(by - 1) * quarter
        if (!back) {
          if (t - by >= load<i32>(starts + (<usize>n << 2))) memory.copy(y + part, x + part - <usize>by * CB, quarter)
          else memory.fill(y + part, 0, quarter)
        } else {
          if (t + by < T && load<i32>(starts + (<usize>(n + by) << 2)) <= t) memory.copy(y + part, x + part + <usize>by * CB, quarter)
          else memory.fill(y + part, 0, quarter)
        }
      }
    }
}

/**
 * x (N, H/G·D) to out (B, H, T, D): head h reads key-value head h/G. `turn` 1 rotates by position (RoPE, rotate-half), -1 rotates back, 0 does not.
 * cos and sin are (N, D/2) tables, one row a position.
 */
export function splitHeads(x: usize, out: usize, B: i32, T: i32, H: i32, G: i32, D: i32, cos: usize, sin: usize, turn: f32): void {
  let half = <usize>(D >> 1) << 2
  let KV = H / G
  for (let b = 0; b < B; b++)
    for (let t = 0; t < T; t++)
      for (let h = 0; h < H; h++) {
        let from = x + ((<usize>((b * T + t) * KV + h / G) * D) << 2)
        let to = out + ((<usize>((b * H + h) * T + t) * D) << 2)
        rotate(from, to, cos + <usize>(b * T + t) * half, sin + <usize>(b * T + t) * half, half, turn)
      }
}

/** The way back: x (B, H, T, D) to out (N, H/G·D), summed over the heads that share a key-value head. */
export function joinHeads(x: usize, out: usize, B: i32, T: i32, H: i32, G: i32, D: i32, cos: usize, sin: usize, turn: f32, scratch: usize): void {
  let half = <usize>(D >> 1) << 2
  let KV = H / G
  for (let b = 0; b < B; b++)
    for (let t = 0; t < T; t++)
      for (let h = 0; h < H; h++) {
        let from = x + ((<usize>((b * H + h) * T + t) * D) << 2)
        let to = out + ((<usize>((b * T + t) * KV + h / G) * D) << 2)
        let first = h % G == 0
        rotate(from, first ? to : scratch, cos + <usize>(b * T + t) * half, sin + <usize>(b * T + t) * half, half, turn)
        if (!first) for (let i: usize = 0; i < 2 * half; i += 16) v128.store(to + i, f32x4.add(v128.load(to + i), v128.load(scratch + i)))
      }
}

function rotate(from: usize, to: usize, cos: usize, sin: usize, half: usize, turn: f32): void {
  if (turn == 0) {
    memory.copy(to, from, 2 * half)
    return
  }
  let sign = f32x4.splat(turn)
  for (let i: usize = 0; i < half; i += 16) {
    let a = v128.load(from + i)
    let b = v128.load(from + i + half)
    let c = v128.load(cos + i)
    let s = f32x4.mul(v128.load(sin + i), sign)
    v128.store(to + i, f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)))
    v128.store(to + i + half, f32x4.add(f32x4.mul(a, s), f32x4.mul(b, c)))
  }
}

/** out (N, C) = the rows of table that ids (N) name. */
export function gather(table: usize, ids: usize, out: usize, N: i32, C: i32): void {
  let CB = <usize>C << 2
  for (let n = 0; n < N; n++) memory.copy(out + <usize>n * CB, table + <usize>load<i32>(ids + (<usize>n << 2)) * CB, CB)
}

/** The gradient of `gather`: d (V, C) gets the rows of g added where ids say. */
export function scatterAdd(g: usize, ids: usize, d: usize, N: i32, V: i32, C: i32): void {
  let CB = <usize>C << 2
  memory.fill(d, 0, <usize>V * CB)
  for (let n = 0; n < N; n++) {
    let to = d + <usize>load<i32>(ids + (<usize>n << 2)) * CB
    let from = g + <usize>n * CB
    for (let j: usize = 0; j < CB; j += 16) v128.store(to + j, f32x4.add(v128.load(to + j), v128.load(from + j)))
  }
}

/**
 * Weighted cross-entropy of logits (S, V) at targets (S): returns the mean, writes its gradient into d (S, V) and the likeliest id of each row into
 * best (S).
 */
export function crossEntropy(logits: usize, d: usize, targets: usize, weights: usize, best: usize, S: i32, V: i32): f32 {
  let total: f32 = 0
  let all: f32 = 0
  for (let i = 0; i < S; i++) all += load<f32>(weights + (<usize>i << 2))
  if (all == 0) all = 1
  for (let i = 0; i < S; i++) {
    let row = (<usize>i * V) << 2
    let target = load<i32>(targets + (<usize>i << 2))
    let weight = load<f32>(weights + (<usize>i << 2))
    let top: f32 = -1e30
    let at = 0
    for (let j = 0; j < V; j++) {
      let x = load<f32>(logits + row + (<usize>j << 2))
      if (x > top) {
        top = x
        at = j
      }
    }
    store<i32>(best + (<usize>i << 2), at)
    let sum: f32 = 0
    for (let j = 0; j < V; j++) {
      let e = expNegative(load<f32>(logits + row + (<usize>j << 2)) - top)
      sum += e
      store<f32>(d + row + (<usize>j << 2), e)
    }
    total -= (load<f32>(logits + row + (<usize>target << 2)) - top - Mathf.log(sum)) * weight
    let scale = f32x4.splat(weight / all / sum)
    for (let j: usize = 0; j < <usize>V << 2; j += 16) v128.store(d + row + j, f32x4.mul(v128.load(d + row + j), scale))
    let q = d + row + (<usize>target << 2)
    store<f32>(q, load<f32>(q) - weight / all)
  }
  return total / all
}

/** One AdamW step over n weights w, with first and second moments m and v and gradient g scaled by `clip`. */
export function adam(w: usize, m: usize, v: usize, g: usize, n: i32, rate: f32, beta1: f32, beta2: f32, epsilon: f32, decay: f32, clip: f32): void {
  for (let i: usize = 0; i < <usize>n << 2; i += 4) {
    let gi = load<f32>(g + i) * clip
    let mi = load<f32>(m + i) * beta1 + gi * (1 - beta1)
    let vi = load<f32>(v + i) * beta2 + gi * gi * (1 - beta2)
    store<f32>(m + i, mi)
    store<f32>(v + i, vi)
    let wi = load<f32>(w + i)
    store<f32>(w + i, wi - rate * (mi / (Mathf.sqrt(vi) + epsilon) + decay * wi))
  }
}

/** Sum of squares of n numbers. */
export function sumOfSquares(g: usize, n: i32): f32 {
  let a = f32x4.splat(0)
  for (let i: usize = 0; i < <usize>n << 2; i += 16) {
    let x = v128.load(g + i)
    a = fma(x, x, a)
  }
  return sumLanes(a)
}

/**
 * Token shift for decoding: rows of x (N, C) belong to slots and positions; what earlier positions had in their first half of channels lies in
 * cache (slots, length, C/2).
 */
export function shiftCached(x: usize, y: usize, cache: usize, slots: usize, positions: usize, N: i32, C: i32, length: i32): void {
  let CB = <usize>C << 2
  let quarter = CB >> 2
  let half = CB >> 1
  for (let n = 0; n < N; n++) {
    let at = <usize>(load<i32>(slots + (<usize>n << 2)) * length + load<i32>(positions + (<usize>n << 2)))
    memory.copy(cache + at * half, x + <usize>n * CB, half)
  }
  for (let n = 0; n < N; n++) {
    let position = load<i32>(positions + (<usize>n << 2))
    let at = <usize>(load<i32>(slots + (<usize>n << 2)) * length + position)
    let row = <usize>n * CB
    memory.copy(y + row + half, x + row + half, half)
    if (position >= 1) memory.copy(y + row, cache + (at - 1) * half, quarter)
    else memory.fill(y + row, 0, quarter)
    if (position >= 2) memory.copy(y + row + quarter, cache + (at - 2) * half + quarter, quarter)
    else memory.fill(y + row + quarter, 0, quarter)
  }
}

/**
 * Rotary attention over cached keys and values. q (N, H·D), k and v (N, K·D) of this step; caches (slots, length, K·D); tables cos and sin
 * (length, D/2); scratch holds `length` floats. First every row's key and value are put into the caches, then every row attends to the positions of
 * its slot up to its own.
 */
export function attendCached(
  q: usize, k: usize, v: usize, out: usize, keys: usize, values: usize, slots: usize, positions: usize, cos: usize, sin: usize, scratch: usize,
  N: i32, H: i32, K: i32, D: i32, length: i32, scale: f32,
): void {
  let half = <usize>(D >> 1) << 2
  let DB = <usize>D << 2
  let KB = <usize>K * DB
  for (let n = 0; n < N; n++) {
    let position = load<i32>(positions + (<usize>n << 2))
    let at = <usize>(load<i32>(slots + (<usize>n << 2)) * length + position) * KB
    for (let g = 0; g < K; g++) {
      rotate(k + <usize>n * KB + <usize>g * DB, keys + at + <usize>g * DB, cos + <usize>position * half, sin + <usize>position * half, half, 1)
    }
    memory.copy(values + at, v + <usize>n * KB, KB)
  }
  let turned = scratch
  let weights = scratch + DB
  let G = H / K
  for (let n = 0; n < N; n++) {
    let position = load<i32>(positions + (<usize>n << 2))
    let base = <usize>(load<i32>(slots + (<usize>n << 2)) * length) * KB
    for (let h = 0; h < H; h++) {
      let head = base + <usize>(h / G) * DB
      rotate(q + <usize>(n * H + h) * DB, turned, cos + <usize>position * half, sin + <usize>position * half, half, 1)
      let top: f32 = -1e30
      for (let j = 0; j <= position; j++) {
        let row = keys + head + <usize>j * KB
        let a = f32x4.splat(0)
        for (let i: usize = 0; i < DB; i += 16) a = fma(v128.load(turned + i), v128.load(row + i), a)
        let s = sumLanes(a) * scale
        top = max(top, s)
        store<f32>(weights + (<usize>j << 2), s)
      }
      let o = out + <usize>(n * H + h) * DB
      memory.fill(o, 0, DB)
      let sum: f32 = 0
      for (let j = 0; j <= position; j++) {
        let e = expNegative(load<f32>(weights + (<usize>j << 2)) - top)
        sum += e
        let ev = f32x4.splat(e)
        let row = values + head + <usize>j * KB
        for (let i: usize = 0; i < DB; i += 16) v128.store(o + i, fma(v128.load(row + i), ev, v128.load(o + i)))
      }
      let r = f32x4.splat(1 / sum)
      for (let i: usize = 0; i < DB; i += 16) v128.store(o + i, f32x4.mul(v128.load(o + i), r))
    }
  }
}
