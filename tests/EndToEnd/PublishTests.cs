namespace EndToEnd;

/// <summary>What publishing needs of the repository.</summary>
public sealed class PublishTests
{
    /// <summary>A lock file that publishing changes is one that the next restore of everybody else refuses.</summary>
    [Theory]
    [InlineData("-p:PublishSingleFile=true")]
    [InlineData("-p:SelfContained=true -p:PublishReadyToRun=true")]
    public async Task It_is_published_with_the_lock_files_that_there_are(string properties)
    {
        Tool.Require("dotnet");
        using var folder = new TestFolder();
        var root = Repository.Root;
        foreach (var path in (IEnumerable<string>)[
            .. Directory.EnumerateFiles(root, "*.props"), .. Find("*.props"), .. Find("*.csproj"), .. Find("packages.lock.json"),
            Path.Combine(root, "global.json")])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(CopyOf(path))!);
            File.Copy(path, CopyOf(path));
        }

        // As publishing does, with -r, of a project that names its runtimes; locked, so that it fails where a file would be another.
        var restored = await Tool.RunAsync(
            "dotnet",
            ["restore", folder["src/Gateway"], "--locked-mode", "-p:RuntimeIdentifier=linux-x64", .. properties.Split(' ')]);
        Assert.True(restored.ExitCode == 0, restored.Output);

        IEnumerable<string> Find(string name) =>
            Directory.EnumerateFiles(Path.Combine(root, "src"), name, SearchOption.AllDirectories);

        string CopyOf(string path) => folder[Path.GetRelativePath(root, path)];
    }

    /// <summary>With the reason and with what to do, before anything is built that would fail at its start.</summary>
    [Theory]
    [InlineData("PublishTrimmed")]
    [InlineData("PublishAot")]
    public async Task Trimmed_and_ahead_of_time_are_refused(string property)
    {
        Tool.Require("dotnet");
        var project = Path.Combine(Repository.Root, "src/Gateway");
        var refused = await Tool.RunAsync("dotnet", "msbuild", project, "-t:RefuseTrimming", "-nologo", $"-p:{property}=true");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("by reflection", refused.Output, StringComparison.Ordinal);
        Assert.Contains("--self-contained", refused.Output, StringComparison.Ordinal);
        (await Tool.RunAsync("dotnet", "msbuild", project, "-t:RefuseTrimming", "-nologo")).Succeeded();
    }
}
