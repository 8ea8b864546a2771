// The rival of `make bench-clients`: uWebSockets publishes to one topic as often, messages as long.
// Arguments: the folder of node_modules, milliseconds from message to message, bytes of a message.
'use strict'
const [modules, every, bytes] = process.argv.slice(2)
const { platform, arch, versions } = process
const folder = `${modules}/@trufflesuite/uws-js-unofficial/dist`
const uws = require(`${folder}/uws_${platform}_${arch}_${versions.modules}.node`)

const app = uws.App().ws('/*', {
  compression: uws.DISABLED,
  maxBackpressure: 16 * 1024 * 1024,
  open: socket => socket.subscribe('ticks')
})
app.listen('127.0.0.1', 0, socket => {
  console.log(uws.us_socket_local_port(socket))
  const began = Date.now()
  let n = 0
  // By the clock: a tick that came late is made up for, as zaraba's clock does.
  const tick = () => {
    while (n * Number(every) <= Date.now() - began) {
      n += 1
      const head = `{"type":"append","topic":"ticks","first":${n},"last":${n},"rows":[{"pad":"`
      app.publish('ticks', head + 'x'.repeat(Number(bytes) - head.length - 4) + '"}]}')
    }
    setTimeout(tick, began + n * Number(every) - Date.now())
  }
  tick()
})
