using PouringRain.Protocol.Cluster;
using PouringRain.Protocol.Cluster.Messages;
using PouringRain.Protocol.Sealing;
using Simulation;

namespace PouringRain.Protocol.Tests.Cluster;

public class ConsultMessageTests
{
    private static readonly ToldEntry Body = new(
        new ResourceId(7), new ReplicaVersion(8, 9, 10, false), ToldFlags.Kept | ToldFlags.Fresh, null);

    private static readonly ToldEntry Tombstone = new(
        new ResourceId(8), ReplicaVersion.Of(Manifest.CreateTombstone("raptorq", 99)), ToldFlags.Kept | ToldFlags.Deleted, "raptorq");

    [Fact]
    public void TheyFitEveryPathAndTheAnswerToWhoHasNoTokenIsShorter()
    {
        const int ipv6AndUdp = 48, everyPath = 1280;
        Assert.True(ConsultRequest.BytesMax + SealedFormat.FullOverhead + ipv6AndUdp <= everyPath);
        Assert.True(ConsultAnswer.BytesMax + SealedFormat.FullOverhead + ipv6AndUdp <= everyPath);
        Assert.True(ConsultAnswer.FixedBytes <= ConsultRequest.FixedBytes);
        Assert.True(ConsultRequest.FixedBytes + 4 + (8 * DigestsMessage.CountMax) <= ConsultRequest.BytesMax);
        Assert.True(ConsultRequest.FixedBytes + 1 + (TellMessage.CountMax * ToldEntry.FixedBytes) <= ConsultRequest.BytesMax);
    }

    [Fact]
    public void RequestsAndAnswersComeBack()
    {
        var datagram = new byte[1500];
        var request = new ConsultRequest
        {
            SubscriptionId = 1,
            Version = 2,
            Kind = (ConsultKind)3,
            Nonce = 4,
            Node = new NodeId(new Bits128(ulong.MaxValue, ulong.MaxValue - 5)),
            Start = 6,
            AgreedTo = 10,
            ForgottenTo = -7,
            PlacementHash = 8,
            Token = 9,
        };
        var length = request.Write(datagram, 5);
        Assert.True(ConsultRequest.TryParse(datagram.AsSpan(0, length), out var readRequest, out var body));
        Assert.Equal(request, readRequest);
        Assert.Equal(5, body.Length);
        Assert.False(ConsultRequest.TryParse(datagram.AsSpan(0, length - 1), out _, out _));
        Assert.False(ConsultAnswer.TryParse(datagram.AsSpan(0, length), out _, out _));
        var answer = new ConsultAnswer
        {
            SubscriptionId = 1,
            Version = 2,
            Kind = (ConsultKind)3,
            Status = ConsultStatus.NotReady,
            Nonce = 4,
            Node = new NodeId(5),
            Token = 6,
            Start = 7,
            AgreedTo = 8,
            ForgottenTo = long.MinValue,
        };
        length = answer.Write(datagram, 0);
        Assert.True(ConsultAnswer.TryParse(datagram.AsSpan(0, length), out var readAnswer, out _));
        Assert.Equal(answer, readAnswer);
        Assert.False(ConsultAnswer.TryParse(datagram.AsSpan(0, length + 1), out _, out _));
    }

    [Fact]
    public void EntriesComeBackAndEveryCutIsRefused()
    {
        var question = new ToldEntry(new ResourceId(0), ReplicaVersion.None, 0, null);
        foreach (var entry in (ToldEntry[])[Body, Tombstone, Tombstone with { Code = null }, question])
        {
            var bytes = new byte[100];
            var length = entry.Write(bytes);
            Assert.Equal(entry.SizeBytes, length);
            ReadOnlySpan<byte> rest = bytes.AsSpan(0, length + 3);
            Assert.True(ToldEntry.TryRead(ref rest, out var read));
            Assert.Equal(entry, read);
            Assert.Equal(3, rest.Length);
            Assert.Equal(0, entry.Write(bytes.AsSpan(0, length - 1)));
            for (var cut = 0; cut < length; cut++)
            {
                rest = bytes.AsSpan(0, cut);
                Assert.False(ToldEntry.TryRead(ref rest, out _));
            }
        }
    }

    [Fact]
    public void WhatNobodyCanHaveIsRefused()
    {
        ToldEntry[] wrong =
        [
            Body with { Version = Body.Version with { Stamp = Manifest.StampMax + 1 } },
            Body with { Version = Body.Version with { Stamp = -1 } },
            Body with { Version = Body.Version with { Length = -1 } }, Body with { Flags = (ToldFlags)16 },
            Tombstone with { Code = "a b" }, Tombstone with { Version = Tombstone.Version with { Length = 1 } },
            new(new ResourceId(1), ReplicaVersion.None with { Tag = 1 }, 0, null),
        ];
        foreach (var entry in wrong)
        {
            var bytes = new byte[100];
            ReadOnlySpan<byte> rest = bytes.AsSpan(0, entry.Write(bytes));
            Assert.False(ToldEntry.TryRead(ref rest, out _));
        }
    }

    [Fact]
    public void BodiesComeBack()
    {
        var body = new byte[1200];
        Assert.True(DigestsMessage.TryParse(
            body.AsSpan(0, DigestsMessage.Write(body, 992, 16, [1, 2])), out var first, out var span, out var digests));
        Assert.Equal((992, 16, 16), (first, span, digests.Length));
        Assert.False(DigestsMessage.TryParse(body.AsSpan(0, DigestsMessage.Write(body, 993, 16, [1, 2])), out _, out _, out _));
        bool[] differ = [true, false, false, true, false, false, false, false, true];
        var read = new bool[9];
        Assert.True(DigestsMessage.TryParseAnswer(body.AsSpan(0, DigestsMessage.WriteAnswer(body, differ)), read));
        Assert.Equal(differ, read);
        Assert.False(DigestsMessage.TryParseAnswer(body.AsSpan(0, 3), new bool[8]));

        var list = new ListMessage { Partition = 1023, IsOfTombstones = true, After = new ResourceId(5) };
        Assert.True(ListMessage.TryParse(body.AsSpan(0, list.Write(body)), out var readList));
        Assert.Equal(list, readList);

        var entries = new List<ToldEntry>();
        (body[0], body[1]) = (1, 2);
        var end = 2 + Body.Write(body.AsSpan(2));
        end += Tombstone.Write(body.AsSpan(end));
        Assert.True(ListMessage.TryParseAnswer(body.AsSpan(0, end), null, entries, out var isEnd));
        Assert.Equal([Body, Tombstone], entries);
        Assert.True(isEnd);
        Assert.False(ListMessage.TryParseAnswer(body.AsSpan(0, end), new ResourceId(7), entries, out _));
        Assert.True(TellMessage.TryParse(body.AsSpan(1, end - 1), entries));
        Assert.Equal([Body, Tombstone], entries);

        ToldVerdict[] verdicts =
        [
            new(TellVerdict.HeldKept, true, default), new(TellVerdict.Newer, false, Tombstone), new(TellVerdict.NotReady, false, default),
        ];
        (body[0], end) = (3, 1);
        foreach (var verdict in verdicts)
        {
            end += TellMessage.Write(body.AsSpan(end), verdict);
        }

        var readVerdicts = new List<ToldVerdict>();
        Assert.True(TellMessage.TryParseAnswer(body.AsSpan(0, end), readVerdicts));
        Assert.Equal(verdicts, readVerdicts);
        Assert.False(TellMessage.TryParseAnswer(body.AsSpan(0, end - 1), readVerdicts));
    }

    /// <summary>Whatever comes is read or refused, and what is read is written alike.</summary>
    [Fact]
    public void AnyBytesAtAllMayBeRead()
    {
        var random = new SimRandom(11);
        var bytes = new byte[200];
        var again = new byte[200];
        var entries = new List<ToldEntry>();
        var verdicts = new List<ToldVerdict>();
        var read = 0;
        for (var i = 0; i < 200_000; i++)
        {
            random.Fill(bytes);
            var length = (int)random.Below(bytes.Length);
            if (random.Chance(800_000))
            {
                length = random.Pick(Body, Tombstone).Write(bytes.AsSpan(2)) + 2;
                (bytes[0], bytes[1]) = ((byte)random.Below(3), (byte)random.Below(3));
                bytes[random.Below(length)] = (byte)random.Next();
            }

            var body = bytes.AsSpan(0, length);
            read += DigestsMessage.TryParse(body, out _, out _, out _) || DigestsMessage.TryParseAnswer(body, new bool[3])
                || ListMessage.TryParse(body, out _) || ListMessage.TryParseAnswer(body, null, entries, out _)
                || TellMessage.TryParseAnswer(body, verdicts) ? 1 : 0;
            if (length > 0 && TellMessage.TryParse(body[1..], entries))
            {
                read++;
                var end = 2;
                (again[0], again[1]) = (body[0], (byte)entries.Count);
                entries.ForEach(entry => end += entry.Write(again.AsSpan(end)));
                Assert.True(body.SequenceEqual(again.AsSpan(0, end)));
            }
        }

        Assert.True(read > 1000);
    }
}
