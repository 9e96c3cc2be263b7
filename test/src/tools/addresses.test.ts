import t from "tap"
import { specialAddress } from "#src/tools/addresses.js"

t.test("an address is public only where IANA's registries say so, and an embedded one is what it is", async (t) => {
  const special = `
    0.0.0.0 0.255.255.255 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.255 169.254.169.254 172.16.0.1
    172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9
    224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
    :: ::1 ::7f00:1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:a00:1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1
    64:ff9b::127.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b::10.0.0.1 64:ff9b::1 64:ff9b:1::1 64:ff9b:1:ffff::808:808 100::1
    2001::1 2001:0:7f00:1:: 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a00:1::1 2002:808:808::1
    3fff::1 3fff:fff::1 4000::1 5f00::1 fc00::1 fdff::1 fe80::1 fe80::1%eth0 fec0::1 feff::1 ff02::1
  `
  for (const address of special.trim().split(/\s+/)) t.type(specialAddress(address), "string", address)
  const open = `
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.0.0.1 128.0.0.1 172.15.0.1 172.32.0.1
    192.0.1.1 192.167.0.1 198.17.0.1 198.20.0.1 223.255.255.255 2000::1 2001:200::1 2001:4860:4860::8888 2003::1
    2606:4700::1111 2a00:1450::1 3ffe::1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8
  `
  for (const address of open.trim().split(/\s+/)) t.equal(specialAddress(address), undefined, address)
  t.type(specialAddress("example.com"), "string", "what is no address is not let through")
})
