"""The entities of accounting, as data: accounts, VAT, number series, years, and the journal."""

from typing import Final

from daemon.sandbox.declaring import booleans, dates, decimals, foreign_key, integers
from daemon.sandbox.schema import Declaration, Field, Kind, Many, One

ACCOUNT: Final = Declaration(
    name="Account",
    route="accounts",
    first_id=151,
    fields=(
        Field("AccountNumber", Kind.INTEGER, indexed=True),
        Field("AccountName", max_length=255),
        foreign_key("VatTypeID", "VatType"),
        Field("Active", Kind.BOOLEAN, default=True),
        Field("Visible", Kind.BOOLEAN, default=True),
        *booleans("Locked", "LockManualPosts", "UsePostPost", "SystemAccount"),
        foreign_key("AccountID", "Account", indexed=True),
        foreign_key("CustomerID", "Customer", indexed=True),
        *integers("SupplierID", "EmployeeID"),
        foreign_key("CurrencyCodeID", "CurrencyCode"),
        foreign_key("DimensionsID", "Dimensions"),
        *integers("AccountGroupID"),
    ),
    relations=(
        One("VatType", "VatType", "VatTypeID"),
        One("MainAccount", "Account", "AccountID"),
        One("Customer", "Customer", "CustomerID"),
        One("CurrencyCode", "CurrencyCode", "CurrencyCodeID"),
        One("Dimensions", "Dimensions", "DimensionsID"),
        Many("SubAccounts", "Account", "AccountID"),
    ),
    unmodelled=("AccountGroup", "Supplier", "Employee"),
)

VAT_TYPE: Final = Declaration(
    name="VatType",
    route="vattypes",
    first_id=111,
    fields=(
        Field("VatCode", max_length=100, indexed=True),
        Field("Name", max_length=255),
        Field("VatPercent", Kind.DECIMAL),
        *booleans("OutputVat", "Locked"),
        Field("Visible", Kind.BOOLEAN, default=True),
        *booleans("ReversedTaxDutyVat", "DirectJournalEntryOnly", "InUse"),
        Field("Alias", max_length=255),
        foreign_key("IncomingAccountID", "Account"),
        foreign_key("OutgoingAccountID", "Account"),
        *integers("VatCodeGroupID"),
    ),
    relations=(
        Many("VatTypePercentages", "VatTypePercentage", "VatTypeID"),
        One("IncomingAccount", "Account", "IncomingAccountID"),
        One("OutgoingAccount", "Account", "OutgoingAccountID"),
    ),
    unmodelled=("VatCodeGroup",),
)

VAT_TYPE_PERCENTAGE: Final = Declaration(
    name="VatTypePercentage",
    first_id=51,
    fields=(
        foreign_key("VatTypeID", "VatType", indexed=True),
        Field("VatPercent", Kind.DECIMAL),
        Field("ValidFrom", Kind.DATE),
        Field("ValidTo", Kind.DATE),
    ),
)

COMPANY_SETTINGS: Final = Declaration(
    name="CompanySettings",
    route="companysettings",
    fields=(
        Field("CompanyName", max_length=255),
        Field("OrganizationNumber", max_length=100),
        Field("AccountingLockedDate", Kind.DATE),
        Field("VatLockedDate", Kind.DATE),
        foreign_key("BaseCurrencyCodeID", "CurrencyCode"),
        foreign_key("CustomerAccountID", "Account"),
        foreign_key("DefaultSalesAccountID", "Account"),
        *integers("CustomerCreditDays", "TaxMandatoryType"),
        Field("RoundingType", Kind.CODE),
        *booleans(
            "BookCustomerInvoiceOnDeliveryDate",
            "AutoDistributeInvoice",
            "ShowKIDOnCustomerInvoice",
            "PresetCustomerInvoiceNumber",
        ),
    ),
    relations=(
        One("BaseCurrencyCode", "CurrencyCode", "BaseCurrencyCodeID"),
        One("CustomerAccount", "Account", "CustomerAccountID"),
    ),
)

NUMBER_SERIES: Final = Declaration(
    name="NumberSeries",
    route="number-series",
    first_id=61,
    fields=(
        Field("Name", max_length=255),
        Field("DisplayName", max_length=255),
        *integers("FromNumber", "ToNumber", "NextNumber"),
        *booleans("NumberLock", "Disabled", "Empty", "System", "IsDefaultForTask"),
        Field("AccountYear", Kind.INTEGER),
        foreign_key("NumberSeriesTypeID", "NumberSeriesType"),
        *integers("NumberSeriesTaskID"),
        foreign_key("MainAccountID", "Account"),
        foreign_key("UseNumbersFromNumberSeriesID", "NumberSeries"),
    ),
    relations=(
        One("NumberSeriesType", "NumberSeriesType", "NumberSeriesTypeID"),
        One("MainAccount", "Account", "MainAccountID"),
    ),
    unmodelled=("NumberSeriesTask",),
)

NUMBER_SERIES_TYPE: Final = Declaration(
    name="NumberSeriesType",
    first_id=81,
    fields=(Field("EntityType", max_length=255), Field("Name", max_length=255)),
)

FINANCIAL_YEAR: Final = Declaration(
    name="FinancialYear",
    route="financialyears",
    first_id=3,
    fields=(Field("Year", Kind.INTEGER), Field("ValidFrom", Kind.DATE), Field("ValidTo", Kind.DATE)),
)

JOURNAL_ENTRY: Final = Declaration(
    name="JournalEntry",
    route="journalentries",
    first_id=601,
    fields=(
        Field("Description", max_length=200),
        Field("JournalEntryNumber", max_length=50, indexed=True, writable=False),
        Field("JournalEntryNumberNumeric", Kind.INTEGER, indexed=True, writable=False),
        foreign_key("FinancialYearID", "FinancialYear", writable=False),
        foreign_key("NumberSeriesID", "NumberSeries"),
        *integers("NumberSeriesTaskID"),
        Field("JournalEntryDraftGroup", Kind.GUID),
        Field("ExternalReference", max_length=255, indexed=True),
        Field("ExternalSource", max_length=255),
        *booleans("IsExternal"),
    ),
    relations=(
        One("FinancialYear", "FinancialYear", "FinancialYearID", writable=False),
        One("NumberSeries", "NumberSeries", "NumberSeriesID", writable=False),
        Many("Lines", "JournalEntryLine", "JournalEntryID", writable=False),
        Many("DraftLines", "JournalEntryLineDraft", "JournalEntryID"),
    ),
    snapshot=(
        "Lines.Account", "Lines.SubAccount", "Lines.VatType", "Lines.CurrencyCode", "Lines.Dimensions.Project",
    ),
)  # fmt: skip

_LINE_COLUMNS: Final = (
    foreign_key("AccountID", "Account"),
    foreign_key("SubAccountID", "Account", indexed=True),
    *decimals("Amount", "AmountCurrency", "CurrencyExchangeRate"),
    foreign_key("CurrencyCodeID", "CurrencyCode"),
    *dates("FinancialDate", "VatDate", "DueDate"),
    foreign_key("VatTypeID", "VatType"),
    *decimals("VatPercent", "TaxBasisAmount"),
    Field("Description", max_length=255),
    foreign_key("DimensionsID", "Dimensions"),
    *(Field(name, max_length=100, indexed=True) for name in ("InvoiceNumber", "PaymentID")),
    foreign_key("CustomerInvoiceID", "CustomerInvoice", indexed=True),
    *integers("SupplierInvoiceID", "JournalEntryTypeID", "CustomerOrderID"),
    foreign_key("PaymentReferenceID", "JournalEntryLine"),
)
_LINE_RELATIONS: Final = (
    One("Account", "Account", "AccountID", writable=False),
    One("SubAccount", "Account", "SubAccountID", writable=False),
    One("VatType", "VatType", "VatTypeID", writable=False),
    One("CurrencyCode", "CurrencyCode", "CurrencyCodeID", writable=False),
    One("Dimensions", "Dimensions", "DimensionsID"),
    One("CustomerInvoice", "CustomerInvoice", "CustomerInvoiceID", writable=False),
)
_PARENT: Final = foreign_key("JournalEntryID", "JournalEntry", indexed=True, writable=False)

JOURNAL_ENTRY_LINE: Final = Declaration(
    name="JournalEntryLine",
    route="journalentrylines",
    first_id=9001,
    fields=(
        _PARENT,
        *_LINE_COLUMNS,
        *decimals("RestAmount", "RestAmountCurrency"),
        *integers("VatReportID"),
        foreign_key("ReferenceCreditPostID", "JournalEntryLine"),
        foreign_key("OriginalReferencePostID", "JournalEntryLine"),
        foreign_key("JournalEntryLineDraftID", "JournalEntryLineDraft"),
        Field("JournalEntryNumber", max_length=50, indexed=True),
        Field("JournalEntryNumberNumeric", Kind.INTEGER),
        *dates("RegisteredDate"),
    ),
    relations=(*_LINE_RELATIONS, One("JournalEntry", "JournalEntry", "JournalEntryID", writable=False)),
)

JOURNAL_ENTRY_LINE_DRAFT: Final = Declaration(
    name="JournalEntryLineDraft",
    route="journalentrylinedrafts",
    first_id=8001,
    fields=(_PARENT, *_LINE_COLUMNS),
    relations=_LINE_RELATIONS,
)
