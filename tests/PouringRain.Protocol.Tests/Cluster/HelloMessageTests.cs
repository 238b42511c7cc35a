using System.Buffers.Binary;
using PouringRain.Protocol.Cluster;
using PouringRain.Protocol.Cluster.Messages;

namespace PouringRain.Protocol.Tests.Cluster;

/// <summary>What nodes say of themselves.</summary>
public class HelloMessageTests
{
    private const int KeepingBytes = 45;
    private static readonly PeerAddress From = PeerAddress.FromIPv4(0x0A000001, 1980);
    private readonly byte[] _body = new byte[ConsultAnswer.BytesMax - ConsultAnswer.FixedBytes];

    [Fact]
    public void WhatIsSaidIsHeard()
    {
        var said = Status();
        var heard = Read(Write(said))!;
        Assert.Equal(said.Replication, heard.Replication);
        Assert.Equal((said.Zone, said.Url), (heard.Zone, heard.Url));
        Assert.Equal((said.UnderReplicated, said.WaitingBytes), (heard.UnderReplicated, heard.WaitingBytes));
        Assert.Equal(said.Rain, heard.Rain);
    }

    [Fact]
    public void MoreCopiesThanCanBeSaidAreAsManyAsCanBe()
    {
        var heard = Read(Write(Status() with { Replication = new NodeReplication { Least = CopyCount.Most } }))!;
        Assert.Equal(new CopyCount(ushort.MaxValue, ushort.MaxValue), heard.Replication!.Least);
        Assert.False(heard.Replication.IsSettled);
    }

    [Fact]
    public void TheLongestTextsAndMostPlacesFit()
    {
        var text = new string('z', NodeStatus.TextBytesMax);
        var said = Status() with
        {
            Zone = text,
            Host = text,
            Url = text,
            Rain = [.. Enumerable.Range(1, HelloMessage.PlacesMax).Select(i => PeerAddress.FromIPv4((uint)i, 1980))],
        };
        var length = Write(said);
        Assert.InRange(length, 1, ConsultRequest.BytesMax - ConsultRequest.FixedBytes);
        Assert.Equal(said.Replication, Read(length)!.Replication);
    }

    [Fact]
    public void WhoDoesNotSayHowItKeepsIsHeardAllTheSame()
    {
        var length = Write(Status() with { Replication = null });
        Assert.Null(Read(length)!.Replication);

        // As who knows nothing of it says it.
        Assert.Null(Read(length - 1)!.Replication);
        Assert.Equal("east", Read(length - 1)!.Zone);
    }

    [Fact]
    public void WhatNewerOnesAddIsPassedOver()
    {
        var said = Status();
        var length = Write(said);
        _body[length - KeepingBytes - 1] = KeepingBytes + 3;
        Assert.Equal(said.Replication, Read(length + 3)!.Replication);
        Assert.Equal(said.Replication, Read(length + 40)!.Replication);
    }

    [Fact]
    public void WhatIsCutShortOrCannotBeIsRefused()
    {
        var length = Write(Status());
        for (var cut = 1; cut < KeepingBytes + 1; cut++)
        {
            Assert.Null(Read(length - cut));
        }

        _body[length - KeepingBytes - 1] = KeepingBytes - 1;
        Assert.Null(Read(length));
        foreach (var at in (int[])[5, 13, 21, 29, 37])
        {
            length = Write(Status());
            BinaryPrimitives.WriteInt64BigEndian(_body.AsSpan(length - KeepingBytes + at), -1);
            Assert.Null(Read(length));
        }
    }

    private static NodeStatus Status() => new()
    {
        Zone = "east",
        Url = "http://a.example:8080",
        Rain = [From],
        UnderReplicated = 5,
        WaitingBytes = 6,
        Replication = new NodeReplication
        {
            Least = new CopyCount(3, 2),
            IsSettled = true,
            Waiting = 7,
            RateBytesPerSecond = 1L << 40,
            Strays = 8,
            StrayBytes = 9L << 40,
            StrayRateBytesPerSecond = 10,
        },
    };

    private int Write(NodeStatus status)
    {
        _body.AsSpan().Clear();
        return HelloMessage.Write(_body, 5, status);
    }

    private NodeStatus? Read(int length) => HelloMessage.TryParse(_body.AsSpan(0, length), From, out _, out var status) ? status : null;
}
