using System.Buffers.Binary;
using EndToEnd;

namespace Browser;

/// <summary>A <c>&lt;video&gt;</c> whose source is a resource that is not here: it plays,
/// and a seek fetches only what it leads to.</summary>
public sealed class VideoTests
{
    private const int SamplesPerSecond = 16_000, Seconds = 1200;

    [Fact]
    public async Task A_seek_into_what_has_not_rained_yet_plays_on_there()
    {
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(4);

        // So slow that the place of the seek is far from having rained when it is asked for.
        await using var node = await GatewayProcess.StartAsync(
            folder["node"], ports[0], [ports[1]], [ports[1]], "Rain:MaxRateBytesPerSecond=2000000");
        await using var gateway = await GatewayProcess.StartAsync(folder["gateway"], ports[2], [ports[3]], [ports[1]]);
        using (var http = new HttpClient())
        {
            using var sound = new ByteArrayContent(MakeSound());
            sound.Headers.ContentType = new("audio/wav");
            (await http.PutAsync(new Uri($"{node.Url}/resources/7"), sound, TestContext.Current.CancellationToken))
                .EnsureSuccessStatusCode();
        }

        using var chromium = Chromium.Start();
        // The page itself permits no media; this is a document of the same origin that does.
        chromium.Open(gateway.Url + "/health/live");
        chromium.Run(
            """
            window.video = document.createElement('video');
            video.muted = true;
            video.src = '/resources/7';
            document.body.prepend(video);
            """);
        await chromium.WaitForAsync("return video.error !== null || video.readyState >= 2", "the first sound");
        Assert.Equal("", chromium.Run("return video.error?.message ?? ''"));
        Assert.InRange(chromium.Number("return video.duration"), Seconds - 1, Seconds + 1);

        chromium.Run("video.currentTime = 1000; video.play();");
        await chromium.WaitForAsync("return video.error !== null || (!video.seeking && video.currentTime > 1000.3)", "sound at the place");
        Assert.Equal("", chromium.Run("return video.error?.message ?? ''"));
        Assert.True((bool)chromium.Run("return [...Array(video.buffered.length).keys()].some((i) => video.buffered.start(i) > 500)")!);
        Assert.Contains("GET /resources/7 206", gateway.Log, StringComparison.Ordinal);
        Assert.Empty(chromium.ConsoleErrors());
    }

    /// <summary>Twenty minutes of a tone, as a WAV file of 38 MB.</summary>
    private static byte[] MakeSound()
    {
        const int dataBytes = SamplesPerSecond * Seconds * 2;
        var file = new byte[44 + dataBytes];
        "RIFF"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), 36 + dataBytes);
        "WAVEfmt "u8.CopyTo(file.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(16), 16);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(20), 1);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(22), 1);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(24), SamplesPerSecond);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(28), SamplesPerSecond * 2);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(32), 2);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(34), 16);
        "data"u8.CopyTo(file.AsSpan(36));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(40), dataBytes);
        for (var i = 0; i < dataBytes / 2; i++)
        {
            BinaryPrimitives.WriteInt16LittleEndian(
                file.AsSpan(44 + (2 * i)), (short)(8000 * Math.Sin(i * 440 * 2 * Math.PI / SamplesPerSecond)));
        }

        return file;
    }
}
