using System.IO.Pipes;
using Gateway.Deploying;
using Gateway.Machine;
using PouringRain.Coding;
using PouringRain.Protocol;

namespace Gateway.Tests.Deploying;

public class TargetTests
{
    private const int BlockBytes = 64 * 1024, BlockCount = 20;
    private static readonly ProgressOutput Silent = new(TextWriter.Null, isJson: false, isTerminal: false);
    private static readonly byte[] Image = MakeImage();
    private static readonly Manifest Described = Describe(Image);

    [Fact]
    public void A_file_keeps_its_name_and_bytes_until_all_is_right()
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder["image"], "before");
        using (var target = Target.Open(folder["image"], Silent))
        {
            target.Begin(Image.Length);
            Assert.All(target.FindHeld(Described), word => Assert.Equal(0ul, word));
            WriteBlocks(target, Enumerable.Range(0, BlockCount).Reverse());
            Assert.Equal("before", File.ReadAllText(folder["image"]));
            Assert.Equal(Described.Sha256, target.ReadBack(Image.Length, _ => { }));
            target.Keep();
        }

        Assert.Equal(Image, File.ReadAllBytes(folder["image"]));
        Assert.Equal([folder["image"]], Directory.GetFiles(folder[""]));
    }

    [Fact]
    public void What_a_receiver_had_written_is_found_again_and_what_is_wrong_is_not()
    {
        using var folder = new TestFolder();
        using (var target = Target.Open(folder["image"], Silent))
        {
            target.Begin(Image.Length);
            WriteBlocks(target, [0, 3, 19]);
            target.Write(5 * BlockBytes, new byte[BlockBytes]);
        }

        using var again = Target.Open(folder["image"], Silent);
        again.Begin(Image.Length);
        Assert.Equal([1ul | 1ul << 3 | 1ul << 19], again.FindHeld(Described));
    }

    /// <summary>So that a receiver that was ended right before its receipt takes nothing again.</summary>
    [Fact]
    public void What_is_right_of_a_file_with_the_name_is_taken_over()
    {
        using var folder = new TestFolder();
        var former = Image.ToArray();
        former[(7 * BlockBytes) + 5]++;
        File.WriteAllBytes(folder["image"], former);
        using (var target = Target.Open(folder["image"], Silent))
        {
            target.Begin(Image.Length);
            Assert.Equal([((1ul << BlockCount) - 1) ^ (1ul << 7)], target.FindHeld(Described));
            WriteBlocks(target, [7]);
            Assert.Equal(former, File.ReadAllBytes(folder["image"]));
            Assert.Equal(Described.Sha256, target.ReadBack(Image.Length, _ => { }));
            target.Keep();
        }

        Assert.Equal(Image, File.ReadAllBytes(folder["image"]));
    }

    [Fact]
    public void A_device_that_is_not_there_is_no_file_but_in_memory_there_are_files()
    {
        Assert.SkipUnless(Directory.Exists("/dev/shm"), "There are no files in memory here.");
        Assert.Throws<IOException>(() => Target.Open("/dev/sdbb1", Silent));
        var path = $"/dev/shm/rain-{Guid.NewGuid():N}";
        using (var target = Target.Open(path, Silent))
        {
            Assert.True(target.IsLasting);
        }

        Assert.False(File.Exists($"{path}.raining"));
    }

    [Fact]
    public void Two_receivers_do_not_write_one_file()
    {
        using var folder = new TestFolder();
        using var target = Target.Open(folder["image"], Silent);
        Assert.Throws<IOException>(() => Target.Open(folder["image"], Silent));
    }

    /// <summary>.NET takes them for files, which would be replaced.</summary>
    [Fact]
    public void A_device_and_a_named_pipe_stay_what_they_are()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Devices as Linux has them.");
        Assert.Equal(FileKind.CharacterDevice, FileKinds.Of("/dev/null"));
        using var folder = new TestFolder();
        using (var target = Target.Open("/dev/null", Silent))
        {
            Assert.IsType<PipeTarget>(target);
            target.Write(0, Image);
            Assert.Equal(Described.Sha256, target.ReadBack(Image.Length, _ => { }));
            target.Keep();
        }

        Assert.Equal(FileKind.CharacterDevice, FileKinds.Of("/dev/null"));
        using (var made = System.Diagnostics.Process.Start("mkfifo", folder["pipe"]))
        {
            made.WaitForExit();
        }

        Assert.Equal(FileKind.Pipe, FileKinds.Of(folder["pipe"]));
        Assert.Equal(FileKind.Folder, FileKinds.Of(folder[""]));
        Assert.Equal(FileKind.Missing, FileKinds.Of(folder["nothing"]));
        Assert.Throws<IOException>(() => Target.Open("/dev/no-such-device", Silent));
        Assert.False(File.Exists("/dev/no-such-device.raining"));
    }

    [Fact]
    public void A_receiver_to_which_nothing_came_leaves_nothing()
    {
        using var folder = new TestFolder();
        Target.Open(folder["image"], Silent).Dispose();
        Assert.Empty(Directory.GetFiles(folder[""]));
        Assert.Throws<IOException>(() => Target.Open(folder[""], Silent));
    }

    /// <summary>More comes before its turn than may wait in memory.</summary>
    [Fact]
    public async Task A_pipe_gets_in_order_what_comes_in_none()
    {
        const int pieceBytes = 8 << 20, pieceCount = 12;
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        using var end = new AnonymousPipeClientStream(PipeDirection.In, pipe.ClientSafePipeHandle);
        var told = new StringWriter();
        using var target = new PipeTarget("the pipe", pipe, new ProgressOutput(told, isJson: false, isTerminal: false));
        target.Begin(null);
        var bytes = new byte[pieceBytes * pieceCount];
        new Random(3).NextBytes(bytes);
        foreach (var piece in Enumerable.Range(0, pieceCount).Reverse())
        {
            target.Write((long)piece * pieceBytes, bytes.AsSpan(piece * pieceBytes, pieceBytes));
        }

        Assert.Contains("temporary file", told.ToString(), StringComparison.Ordinal);
        var reading = Task.Run(() =>
        {
            var read = new byte[bytes.Length];
            end.ReadExactly(read);
            return read;
        }, TestContext.Current.CancellationToken);
        Assert.Equal(Sha256Digest.Of(bytes), target.ReadBack(bytes.Length, _ => { }));
        var came = await reading;
        Assert.True(bytes.AsSpan().SequenceEqual(came));
    }

    [Fact]
    public async Task A_pipe_that_nobody_reads_any_more_is_a_failure()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        var end = new AnonymousPipeClientStream(PipeDirection.In, pipe.ClientSafePipeHandle);
        pipe.DisposeLocalCopyOfClientHandle();
        await end.DisposeAsync();
        using var target = new PipeTarget("the pipe", pipe, Silent);
        target.Write(0, new byte[1000]);
        Assert.Throws<IOException>(() => target.ReadBack(1000, _ => { }));
    }

    private static void WriteBlocks(Target target, IEnumerable<int> blocks)
    {
        foreach (var block in blocks)
        {
            target.Write(Described.Layout.OffsetOf(block), Image.AsSpan(block * BlockBytes, Described.Layout.BytesOf(block)));
        }
    }

    private static byte[] MakeImage()
    {
        var image = new byte[(BlockBytes * BlockCount) - 17];
        new Random(2).NextBytes(image);
        return image;
    }

    private static Manifest Describe(byte[] image)
    {
        Assert.True(ResourceLayout.TryCreate(image.Length, BlockBytes, ResourceLayout.UsualSymbolSize, out var layout));
        return Manifest.Create(
            layout, FountainCodes.All[0].Name, 1, Sha256Digest.Of(image), "application/octet-stream", null,
            BlockDigest.OfBlocks(layout, image));
    }
}
