using System.Buffers.Binary;
using PouringRain.Protocol.Cluster.Messages;

namespace PouringRain.Protocol.Tests.Wire;

public class LengthOfFirstTests
{
    [Fact]
    public void The_first_of_several_datagrams_of_a_server_says_how_long_it_is()
    {
        var buffer = new byte[4096];
        var datagrams = new List<byte[]>();
        foreach (var symbolSize in new[] { ResourceLayout.SymbolSizeMin, 1000, 1408 })
        {
            var droplet = new byte[WireFormat.DropletHeaderBytes + symbolSize];
            new DropletMessage { SubscriptionId = 7, Tag = 8, Sequence = 9, Esi = 10 }.WriteHeader(droplet);
            Assert.True(DropletMessage.TryParse(droplet, out _, out var symbol));
            Assert.Equal(symbolSize, symbol.Length);
            datagrams.Add(droplet);
        }

        ResourceLayout.TryCreate(1000, 1024, 16, out var layout);
        var manifest = Manifest.Create(layout!, "raptorq", 1, default, "text/plain", null, [default]);
        datagrams.Add(buffer[..OfferMessage.Of(manifest, true).Write(buffer, manifest.Code)]);
        datagrams.Add(buffer[..default(StatusMessage).Write(buffer, [])]);
        datagrams.Add(buffer[..default(StatusMessage).Write(buffer, [1, 2, 3])]);
        datagrams.Add(buffer[..new ShortMessage { Type = MessageType.NotFound }.Write(buffer)]);
        datagrams.Add(buffer[..new ShortMessage { Type = MessageType.Busy }.Write(buffer)]);
        datagrams.Add(buffer[..default(PropagateAnswer).Write(buffer)]);
        datagrams.Add(buffer[..default(HaveMessage).Write(buffer, 0, 0, 0)]);
        datagrams.Add(buffer[..default(HaveMessage).Write(buffer, HaveMessage.BitmapBytesMax, 0, 16)]);
        datagrams.Add(buffer[..default(HaveMessage).Write(buffer, 0, HaveMessage.ArrivalCountMax, 3)]);
        datagrams.Add(buffer[..default(PeersMessage).Write(buffer, [])]);
        datagrams.Add(buffer[..default(PeersMessage).Write(buffer, new PeerAddress[PeersMessage.PeerCountMax])]);
        datagrams.Add(buffer[..default(ConsultAnswer).Write(buffer, 0)]);
        datagrams.Add(buffer[..default(ConsultAnswer).Write(buffer, 100)]);
        foreach (var datagram in datagrams)
        {
            Assert.Equal(datagram.Length, WireFormat.LengthOfFirst(datagram));
            Assert.Equal(datagram.Length, WireFormat.LengthOfFirst([.. datagram, .. datagram, .. datagram[..10]]));
            Assert.Equal(0, WireFormat.LengthOfFirst(datagram.AsSpan(0, datagram.Length - 1)));
        }
    }

    [Fact]
    public void A_droplet_that_is_not_as_long_as_it_says_is_none()
    {
        var droplet = new byte[WireFormat.DropletHeaderBytes + 100];
        default(DropletMessage).WriteHeader(droplet);
        Assert.True(DropletMessage.TryParse(droplet, out _, out _));
        Assert.False(DropletMessage.TryParse(droplet.AsSpan(0, droplet.Length - 1), out _, out _));
        Assert.False(DropletMessage.TryParse([.. droplet, 0], out _, out _));
        Assert.False(DropletMessage.TryParse(droplet.AsSpan(0, WireFormat.DropletHeaderBytes), out _, out _));
        BinaryPrimitives.WriteUInt16BigEndian(droplet.AsSpan(24), 0);
        Assert.False(DropletMessage.TryParse(droplet.AsSpan(0, WireFormat.DropletHeaderBytes), out _, out _));
    }

    [Fact]
    public void Any_bytes_at_all_have_a_length_within_themselves()
    {
        var random = new Random(99);
        var buffer = new byte[300];
        for (var i = 0; i < 200_000; i++)
        {
            var bytes = buffer.AsSpan(0, random.Next(buffer.Length));
            random.NextBytes(bytes);
            if (bytes.Length >= 2)
            {
                bytes[0] = (byte)'R';
                bytes[1] = (byte)(0x20 | (i & 15));
            }

            Assert.InRange(WireFormat.LengthOfFirst(bytes), 0, bytes.Length);
        }
    }
}
