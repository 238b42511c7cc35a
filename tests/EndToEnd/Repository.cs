namespace EndToEnd;

/// <summary>The repository within which the tests run.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Gateway.sln")))
        {
            folder = folder.Parent ?? throw new DirectoryNotFoundException("The tests run inside the repository.");
        }

        return folder.FullName;
    }
}
