using Simulation;

namespace PouringRain.Protocol.Tests.Fetching;

/// <summary>Versions of a later program: true, and of no use here.</summary>
public sealed class NotUnderstoodTests
{
    [Theory]
    [InlineData(3, (byte)'4', ManifestReading.UnknownFormat)]
    [InlineData(4, 64, ManifestReading.UnknownFlag)]
    [InlineData(5, 3, ManifestReading.UnknownDigest)]
    public void WhatIsNotUnderstoodIsNotFetchedAndNobodyIsBlamed(int at, byte value, ManifestReading why)
    {
        var scene = new Scene();
        var later = OfLaterProgram(Scene.RandomBytes(100_000), stamp: 2, at, value);
        scene.AddServer(later);
        scene.AddServer(later);
        using var client = scene.Fetch();
        client.Pump(scene.World.Now);
        scene.RunToEnd(client);

        Assert.Equal(FetchEndReason.NotUnderstood, client.Fetch.EndReason);
        Assert.Equal((later.Manifest.Version, why), client.Fetch.NotUnderstood);
        Assert.Equal([FetchEventKind.VersionNotUnderstood, FetchEventKind.Ended], client.Events.Select(fetchEvent => fetchEvent.Kind));
    }

    /// <summary>Nor does it keep from what can be read, however often it is offered.</summary>
    [Fact]
    public void TheNewestThatIsUnderstoodIsFetched()
    {
        var scene = new Scene();
        var older = SimContent.Create(Scene.RandomBytes(400_000), stamp: 1);
        scene.AddServer(OfLaterProgram(Scene.RandomBytes(100_000), stamp: 3, 5, 9));
        scene.AddServer(older);
        scene.AddServer(OfLaterProgram(Scene.RandomBytes(200_000), stamp: 2, 5, 9));
        using var client = scene.Fetch();
        client.Pump(scene.World.Now);
        scene.RunToCompletion(client, older, limitSeconds: 10);

        Assert.DoesNotContain(client.Events, fetchEvent => fetchEvent.Kind == FetchEventKind.SourceLied);
        Assert.InRange(client.Events.Count(fetchEvent => fetchEvent.Kind == FetchEventKind.VersionNotUnderstood), 1, 2);
    }

    [Fact]
    public void AVersionThatWasAskedForAndIsNotUnderstoodIsNotFetched()
    {
        var scene = new Scene();
        var later = OfLaterProgram(Scene.RandomBytes(100_000), stamp: 2, 5, 9);
        scene.AddServer(later);
        scene.AddServer(SimContent.Create(Scene.RandomBytes(400_000), stamp: 1));
        using var client = scene.Fetch(version: later.Manifest.Version);
        client.Pump(scene.World.Now);
        scene.RunToEnd(client);

        Assert.Equal(FetchEndReason.NotUnderstood, client.Fetch.EndReason);
    }

    private static SimContent OfLaterProgram(byte[] bytes, long stamp, int at, byte value)
    {
        var manifest = SimContent.Create(bytes, stamp: stamp).Manifest;
        var encoded = manifest.Bytes.ToArray();
        encoded[at] = value;
        return SimContent.Of(bytes, new Manifest(
            manifest.Layout, manifest.Code, stamp, manifest.Flags, manifest.Sha256, manifest.ContentType, manifest.FileName, null, null,
            manifest.BlockDigestAlgorithm, manifest.BlockDigests.ToArray(), encoded));
    }
}
