using PouringRain.Protocol.Archiving;
using PouringRain.Protocol.Cluster.Messages;

namespace PouringRain.Protocol.Tests.Archiving;

public class ArchiveMessageTests
{
    private static readonly ArchiveOrder Order = new()
    {
        Serial = 0x0102_0304_0506_0708,
        Verb = ArchiveVerb.Take,
        Index = 15,
        Resource = new ResourceId(42),
        Version = Sha256Digest.Of("version"u8),
        Coding = "rapidraid",
    };

    private static readonly ArchiveReport Report = new()
    {
        Progress = ArchiveProgress.Failed,
        HasWhole = true,
        IsMinted = true,
        Pieces = 0x8001_0001,
        Bytes = 5_000_000_000,
        Reason = "Kein Platz für 3 GB.",
    };

    [Fact]
    public void AQuestionIsReadAsItWasWritten()
    {
        var body = new byte[ConsultRequest.BytesMax - ConsultRequest.FixedBytes];
        var length = ArchiveMessage.Write(body, Order);
        Assert.True(ArchiveMessage.TryParse(body.AsSpan(0, length), out var read));
        Assert.Equal(Order, read);

        // What a later release adds is passed over.
        Assert.True(ArchiveMessage.TryParse(body.AsSpan(0, length + 9), out read));
        Assert.Equal(Order, read);
        Assert.All(Enumerable.Range(0, length), cut => Assert.False(ArchiveMessage.TryParse(body.AsSpan(0, cut), out _)));
    }

    [Fact]
    public void WhatAPieceWasIsToldWithIt()
    {
        var body = new byte[ConsultRequest.BytesMax - ConsultRequest.FixedBytes];
        var told = Order with { Piece = Sha256Digest.Of("piece"u8) };
        var length = ArchiveMessage.Write(body, told);
        Assert.True(ArchiveMessage.TryParse(body.AsSpan(0, length), out var read));
        Assert.Equal(told, read);

        // A release that does not know of it, and a datagram that is cut, have the rest.
        Assert.True(ArchiveMessage.TryParse(body.AsSpan(0, length - 1), out read));
        Assert.Equal(Order, read);
    }

    [Theory]
    [InlineData(8, 8)]
    [InlineData(9, 32)]
    [InlineData(50, 0)]
    [InlineData(50, 33)]
    [InlineData(51, 0x20)]
    [InlineData(51, 0x80)]
    public void NonsenseIsNoQuestion(int at, byte value)
    {
        var body = new byte[200];
        var length = ArchiveMessage.Write(body, Order);
        body[at] = value;
        Assert.False(ArchiveMessage.TryParse(body.AsSpan(0, Math.Max(length, 100)), out _));
    }

    [Fact]
    public void AnAnswerIsReadAsItWasWritten()
    {
        var body = new byte[ConsultAnswer.BytesMax - ConsultAnswer.FixedBytes];
        var length = ArchiveMessage.WriteAnswer(body, Report);
        Assert.Equal(Report, ArchiveMessage.TryParseAnswer(body.AsSpan(0, length)));
        Assert.All(Enumerable.Range(0, length), cut => Assert.Null(ArchiveMessage.TryParseAnswer(body.AsSpan(0, cut))));
    }

    [Theory]
    [InlineData(0, 3)]
    [InlineData(6, 0x80)]
    [InlineData(14, 161)]
    [InlineData(15, 7)]
    [InlineData(15, 0xFF)]
    public void NonsenseIsNoAnswer(int at, byte value)
    {
        var body = new byte[400];
        var length = ArchiveMessage.WriteAnswer(body, Report);
        body[at] = value;
        Assert.Null(ArchiveMessage.TryParseAnswer(body.AsSpan(0, length)));
    }
}
