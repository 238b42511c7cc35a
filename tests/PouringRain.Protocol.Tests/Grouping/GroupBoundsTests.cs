using PouringRain.Protocol.Grouping;
using Simulation;

namespace PouringRain.Protocol.Tests.Grouping;

/// <summary>What strangers can do to a sender and to a receiver.</summary>
public class GroupBoundsTests
{
    private const int BlockBytes = 100 * 1408;

    private static readonly ResourceId Id = new(5);
    private static readonly PeerAddress Group = PeerAddress.FromIPv4(0xEF00_0001, 7855), SenderAt = PeerAddress.FromIPv4(0x0A00_0001, 1980);
    private static readonly PeerAddress ReceiverAt = PeerAddress.FromIPv4(0x0A00_0002, 7000);
    private static readonly PeerAddress Stranger = PeerAddress.FromIPv4(0x0A00_0003, 7);

    private readonly byte[] _buffer = new byte[65_536];
    private readonly byte[] _said = new byte[2048];
    private readonly SimContent _content;
    private readonly GroupSender _sender;
    private Instant _now = new(1_000_000_000);

    public GroupBoundsTests()
    {
        var bytes = new byte[4 * BlockBytes];
        new Random(3).NextBytes(bytes);
        _content = SimContent.Create(bytes, blockBytes: BlockBytes);
        _sender = new GroupSender(
            new GroupSenderOptions { Group = Group, RateBitsPerSecond = 100_000_000, TokenKey = new byte[32] }, Id, _content, 7, _now);
    }

    [Fact]
    public void ANeedWithoutATokenOfItsAddressIsCountedAndChangesNothing()
    {
        RainUntilBlockHasEnded();
        var token = Join(ReceiverAt, 1);
        Need(ReceiverAt, 12345, 0, 110);
        Need(Stranger, token, 0, 110);
        Assert.Equal(2, _sender.Snapshot(_now).Refused);
        Assert.Equal(0, _sender.Snapshot(_now).RepairDroplets);
        Need(ReceiverAt, token, 0, 110);
        Assert.Equal(10, _sender.Snapshot(_now).RepairDroplets);
    }

    [Fact]
    public void TheSameNeedOfManyIsRainedOnce()
    {
        RainUntilBlockHasEnded();
        for (var i = 0; i < 20; i++)
        {
            var from = ReceiverAt with { Port = (ushort)(8000 + i) };
            var token = Join(from, i + 1);
            Need(from, token, 0, (uint)(101 + (i % 5)));
        }

        Assert.Equal(5, _sender.Snapshot(_now).RepairDroplets);
        Assert.Equal(20, _sender.Snapshot(_now).Needs);
    }

    [Fact]
    public void NobodyHasMoreRainedForHimAloneThanHisShare()
    {
        RainUntilBlockHasEnded();
        var token = Join(ReceiverAt, 1);
        for (var i = 0; i < 10_000; i++)
        {
            Need(ReceiverAt, token, (uint)(i % 4), 0xFF_FFFF);
        }

        var figures = _sender.Snapshot(_now);
        Assert.InRange(figures.RepairDroplets, 1, 64 + (0.06 * figures.Droplets));
    }

    [Fact]
    public void AStreamThatRainsIsDisplacedByNoAnnouncement()
    {
        using var receiver = new GroupReceiver(new GroupReceiverOptions { Identity = new NodeId(1) }, 1, _now);
        Pass(receiver, milliseconds: 5);
        Assert.Equal(_sender.StreamId, receiver.StreamId);
        var offer = OfferMessage.Of(_content.Manifest, isComplete: true);
        offer.Stamp += 1000;
        offer.Version = Sha256Digest.Of([1]);
        for (var i = 0; i < 100; i++)
        {
            var length = new AnnounceMessage { StreamId = (uint)(i + 1), Resource = Id, Offer = offer, RainPort = 9 }
                .Write(_said, "raptorq");
            receiver.Handle(_now, Stranger, _said.AsSpan(0, length));
            length = new AnnounceMessage { StreamId = _sender.StreamId, Resource = Id, Offer = offer, HasEnded = true, IsLast = true }
                .Write(_said, "raptorq");
            receiver.Handle(_now, Stranger, _said.AsSpan(0, length));
        }

        Pass(receiver, milliseconds: 2000);
        Assert.Equal(_sender.StreamId, receiver.StreamId);
        Assert.Equal(4, receiver.Snapshot().Blocks);
        Assert.Equal(GroupReceiverState.Verifying, receiver.State);
    }

    [Fact]
    public void WhatRainsFromElsewhereUnderTheStreamsIdIsNotTaken()
    {
        using var receiver = new GroupReceiver(new GroupReceiverOptions { Identity = new NodeId(1) }, 1, _now);
        Pass(receiver, milliseconds: 5);
        var droplets = receiver.Snapshot().Droplets;
        var datagram = _said.AsSpan(0, WireFormat.DropletHeaderBytes + 1408);
        new DropletMessage
        {
            SubscriptionId = _sender.StreamId,
            Tag = DropletMessage.TagOf(_content.Manifest.Version),
            Sequence = 77,
            Esi = 99,
        }.WriteHeader(datagram);
        receiver.Handle(_now, Stranger, datagram);
        Assert.Equal(droplets, receiver.Snapshot().Droplets);
    }

    [Fact]
    public void AnyBytesAtAllMayComeToBoth()
    {
        using var receiver = new GroupReceiver(new GroupReceiverOptions { Identity = new NodeId(1) }, 1, _now);
        Pass(receiver, milliseconds: 20);
        var random = new Random(9);
        for (var i = 0; i < 50_000; i++)
        {
            var datagram = _said.AsSpan(0, random.Next(200));
            random.NextBytes(datagram);
            if (datagram.Length > 40)
            {
                datagram[0] = (byte)'R';
                datagram[1] = 0x26;
                System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(datagram[2..], random.Next(8) == 0 ? 0 : _sender.StreamId);
                datagram[6] = (byte)random.Next(7);
                datagram[7] &= 1;
                datagram[8] &= 3;
            }

            _sender.Handle(_now, Stranger, datagram);
            receiver.Handle(_now, SenderAt, datagram);
        }

        Pass(receiver, milliseconds: 2000);
        Assert.InRange(_sender.Receivers().Count, 0, 1);
        Assert.Equal(4, receiver.Snapshot().Blocks);
    }

    private void RainUntilBlockHasEnded()
    {
        while (_sender.Snapshot(_now).Droplets < 250)
        {
            _now += TimeSpan.FromMicroseconds(100);
            while (_sender.TryPollTransmit(_now, _buffer, out _))
            {
            }
        }
    }

    private Bits128 Join(PeerAddress from, int identity)
    {
        Bits128 token = 0;
        for (var i = 0; i < 2; i++)
        {
            var length = new ReportMessage
            {
                StreamId = _sender.StreamId,
                Identity = new NodeId((ulong)identity),
                Token = token,
                WantsAnswer = true,
                State = 1,
            }.Write(_said);
            _sender.Handle(_now, from, _said.AsSpan(0, length));
            while (token == 0 && _now < Instant.Never)
            {
                _now += TimeSpan.FromMicroseconds(50);
                while (_sender.TryPollTransmit(_now, _buffer, out var transmit))
                {
                    token = transmit.To == from && WelcomeMessage.TryParse(_buffer.AsSpan(0, transmit.Length), out var welcome)
                        ? welcome.Token : token;
                }
            }
        }

        return token;
    }

    private void Need(PeerAddress from, Bits128 token, uint block, uint target)
    {
        var length = new NeedMessage { StreamId = _sender.StreamId, Round = 1, Token = token }
            .Write(_said, [new NeedEntry(block, 1, target)]);
        _sender.Handle(_now, from, _said.AsSpan(0, length));
    }

    /// <summary>Everything that the sender says comes to the receiver, and the other way round.</summary>
    private void Pass(GroupReceiver receiver, int milliseconds)
    {
        for (var end = _now + TimeSpan.FromMilliseconds(milliseconds); _now < end;)
        {
            _now += TimeSpan.FromMicroseconds(200);
            while (_sender.TryPollTransmit(_now, _buffer, out var transmit))
            {
                for (var at = 0; at < transmit.Length; at += transmit.SegmentSize)
                {
                    receiver.Handle(_now, SenderAt, _buffer.AsSpan(at, Math.Min(transmit.SegmentSize, transmit.Length - at)));
                }
            }

            while (receiver.TryPollEvent(out _))
            {
            }

            while (receiver.TryPollWork(out var work))
            {
                work.Run();
                receiver.CompleteWork(_now, work, work.IsVerified);
            }

            while (receiver.TryPollTransmit(_now, _buffer, out var transmit))
            {
                _sender.Handle(_now, ReceiverAt, _buffer.AsSpan(0, transmit.Length));
            }
        }
    }
}
