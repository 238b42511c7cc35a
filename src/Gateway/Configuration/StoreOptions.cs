namespace Gateway.Configuration;

/// <summary>Section <c>Store</c>.</summary>
internal sealed class StoreOptions(SettingsReader reader)
{
    /// <summary>The absolute path of the store's folder.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(reader.Read(
        "Store:Path", "data", SettingForms.FilePath, "where resources are kept"));

    /// <summary>0 is none.</summary>
    public long QuotaBytes { get; } = reader.Read(
        "Store:QuotaBytes", "0", SettingForms.SizeOrNone, "limit for what was fetched; what was put does not count");

    /// <summary>0 is none.</summary>
    public int InlineBytes { get; } = (int)reader.Read(
        "Store:InlineBytes", "64KiB", SettingForms.Size(0, 1 << 20),
        "largest resource whose bytes are kept in the catalog and not in a file; 0: none");

    /// <summary>Zero is none.</summary>
    public TimeSpan ScrubPeriod { get; } = TimeSpan.FromDays(reader.Read(
        "Store:ScrubDays", "30", SettingForms.WholeOrNone(3650),
        "days within which every body kept is read and compared with its digests; 0: never"));

    /// <summary>0 is none.</summary>
    public long ScrubBytesPerSecondMax { get; } = reader.Read(
        "Store:ScrubMaxBytesPerSecond", "32MiB", SettingForms.Rate, "what is read for that at most");

    /// <summary>The object store under the nodes.</summary>
    public ObjectStoreOptions S3 { get; } = new(reader);
}
